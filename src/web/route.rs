//! Every route, and who may go there: the one table of both.

use axum::http::Method;

use crate::config::Role;

/// A place that can be asked for. A closed list: there is no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The style sheet.
    Style,
    /// Where somebody signs in.
    SignIn,
    /// On the way to the provider.
    SignInAtProvider,
    /// Back from the provider.
    SignedInAtProvider,
    /// Signing in without a provider, in a trial on this machine.
    SignInForTrial,
    /// The language of the pages.
    ChooseLanguage,
    /// The way out.
    SignOut,
    /// What somebody may do here.
    Start,
    /// Who waits for a professional.
    Worklist,
    /// An opinion on ticked orders.
    ReviewOrders,
    /// The end of an opinion, as long as the orders have not left.
    UndoReview,
    /// Those who were drawn by lot, and whose tests wait.
    Drawn,
    /// One resident.
    Resident,
    /// The letter about the decision on them.
    Letter,
    /// An opinion on one order of theirs.
    ReviewOrder,
    /// The end of a task about them.
    CloseTask,
    /// Who has in hand what is to be done about them.
    HandOver,
    /// A note about them.
    WriteNote,
    /// A refusal of theirs, or its end.
    OptOut,
    /// Whether everything goes on.
    Operations,
    /// The switch that stops what leaves.
    SwitchEffects,
    /// Numbers about groups, and the model.
    Numbers,
    /// The way back from a recalibration.
    RollBack,
    /// Who looked at whom and who did what.
    Audit,
}

/// Who may go somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admits {
    /// Anybody, also who has not signed in: nothing about anybody is there.
    Anybody,
    /// Whoever has signed in.
    SignedIn,
    /// Whoever has one of these roles.
    Roles(&'static [Role]),
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// To see something.
    Get,
    /// To change something: it must come from one of our own pages.
    Post,
}

/// Who works on cases.
const CLINIC: &[Role] = &[Role::Clinician];
/// Who keeps the programme going, and stops it.
const RUNNING: &[Role] = &[Role::Operator, Role::MedicalLead];
/// Who sees numbers, and nobody.
const NUMBERS: &[Role] = &[Role::Researcher, Role::Operator, Role::MedicalLead];
/// Who answers for the model.
const LEADING: &[Role] = &[Role::MedicalLead];
/// Who watches over those who look.
const WATCHING: &[Role] = &[Role::DataProtectionOfficer];

impl Verb {
    /// The method of HTTP.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
        }
    }
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 24] = [
        Self::Style,
        Self::SignIn,
        Self::SignInAtProvider,
        Self::SignedInAtProvider,
        Self::SignInForTrial,
        Self::ChooseLanguage,
        Self::SignOut,
        Self::Start,
        Self::Worklist,
        Self::ReviewOrders,
        Self::UndoReview,
        Self::Drawn,
        Self::Resident,
        Self::Letter,
        Self::ReviewOrder,
        Self::CloseTask,
        Self::HandOver,
        Self::WriteNote,
        Self::OptOut,
        Self::Operations,
        Self::SwitchEffects,
        Self::Numbers,
        Self::RollBack,
        Self::Audit,
    ];

    /// The table: how it is asked for, where, and who may.
    const fn line(self) -> (Verb, &'static str, Admits) {
        use Admits::{Anybody, Roles, SignedIn};
        use Verb::{Get, Post};
        match self {
            Self::Style => (Get, "/style.css", Anybody),
            Self::SignIn => (Get, "/sign-in", Anybody),
            Self::SignInAtProvider => (Get, "/sign-in/provider", Anybody),
            Self::SignedInAtProvider => (Get, "/sign-in/callback", Anybody),
            Self::SignInForTrial => (Post, "/sign-in/trial", Anybody),
            Self::ChooseLanguage => (Post, "/language", Anybody),
            Self::SignOut => (Post, "/sign-out", SignedIn),
            Self::Start => (Get, "/", SignedIn),
            Self::Worklist => (Get, "/worklist", Roles(CLINIC)),
            Self::ReviewOrders => (Post, "/worklist/orders", Roles(CLINIC)),
            Self::UndoReview => (Post, "/worklist/undo", Roles(CLINIC)),
            Self::Drawn => (Get, "/drawn", Roles(CLINIC)),
            Self::Resident => (Get, "/resident", Roles(CLINIC)),
            Self::Letter => (Get, "/resident/letter", Roles(CLINIC)),
            Self::ReviewOrder => (Post, "/resident/order", Roles(CLINIC)),
            Self::CloseTask => (Post, "/resident/task", Roles(CLINIC)),
            Self::HandOver => (Post, "/resident/hand-over", Roles(CLINIC)),
            Self::WriteNote => (Post, "/resident/note", Roles(CLINIC)),
            Self::OptOut => (Post, "/resident/opt-out", Roles(CLINIC)),
            Self::Operations => (Get, "/operations", Roles(RUNNING)),
            Self::SwitchEffects => (Post, "/operations/effects", Roles(RUNNING)),
            Self::Numbers => (Get, "/numbers", Roles(NUMBERS)),
            Self::RollBack => (Post, "/numbers/roll-back", Roles(LEADING)),
            Self::Audit => (Get, "/audit", Roles(WATCHING)),
        }
    }

    /// How it is asked for.
    #[must_use]
    pub const fn verb(self) -> Verb {
        self.line().0
    }

    /// Where it is; what is in braces stands for one part of a path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        self.line().1
    }

    /// Who may go there.
    #[must_use]
    pub const fn admits(self) -> Admits {
        self.line().2
    }

    /// Whether somebody with these roles may go there; `None` stands for who has not signed in.
    #[must_use]
    pub fn is_open_to(self, roles: Option<&[Role]>) -> bool {
        match (self.admits(), roles) {
            (Admits::Anybody, _) | (Admits::SignedIn, Some(_)) => true,
            (Admits::Roles(admitted), Some(roles)) => {
                roles.iter().any(|role| admitted.contains(role))
            }
            (Admits::SignedIn | Admits::Roles(_), None) => false,
        }
    }
}
