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
    pub const ALL: [Self; 8] = [
        Self::Style,
        Self::SignIn,
        Self::SignInAtProvider,
        Self::SignedInAtProvider,
        Self::SignInForTrial,
        Self::ChooseLanguage,
        Self::SignOut,
        Self::Start,
    ];

    /// The table: how it is asked for, where, and who may.
    const fn line(self) -> (Verb, &'static str, Admits) {
        use Admits::{Anybody, SignedIn};
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
