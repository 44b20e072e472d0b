//! The parts of FHIR R4 resources that are read, borrowed from the line.
//!
//! Longer than a screen because it is a table of wire types. Whatever is not
//! named here is skipped; whatever is named must have the type FHIR gives it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Text borrowed from the line unless it holds an escape.
///
/// A type of its own, since serde borrows a `Cow` only where it stands alone,
/// not inside an `Option`.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

macro_rules! wire {
    ($($(#[$doc:meta])* $name:ident { $($field:ident $(as $json:literal)?: $kind:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Deserialize)]
            #[serde(rename_all = "camelCase", remote = "Self")]
            pub(super) struct $name<'a> {
                $(
                    #[serde(borrow, default $(, rename = $json)?)]
                    pub(super) $field: Option<$kind>,
                )*
            }
            objects_only!($name);
        )*
    };
}

/// Reads these types from JSON objects only.
///
/// What serde derives would also take a list and read its members as the
/// fields in order; `[41, null, "mmol/mol"]` is no quantity. The derived reader
/// is kept under the type's own name (`remote`) and given objects alone.
macro_rules! objects_only {
    ($($name:ident),*) => {
        $(
            impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct Object<'a>(PhantomData<$name<'a>>);
                    impl<'de: 'a, 'a> Visitor<'de> for Object<'a> {
                        type Value = $name<'a>;

                        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                            f.write_str("an object")
                        }

                        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                            $name::deserialize(MapAccessDeserializer::new(map))
                        }
                    }
                    deserializer.deserialize_map(Object(PhantomData))
                }
            }
        )*
    };
}

objects_only!(Head, Quantity, Patient, Component, Observation, FormAnswer);

/// Only what a line is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) resource_type: Text<'a>,
}

/// A quantity.
#[derive(Deserialize)]
#[serde(remote = "Self")]
pub(super) struct Quantity<'a> {
    #[serde(default)]
    pub(super) value: Option<f64>,
    #[serde(borrow, default)]
    pub(super) comparator: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) unit: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) system: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) code: Option<Text<'a>>,
}

wire! {
    Coding { system: Text<'a>, code: Text<'a>, }
    Concept { coding: Vec<Coding<'a>>, }
    Reference { reference: Text<'a>, }
    Meta { last_updated: Text<'a>, security: Vec<Coding<'a>>, }
    Period { start: Text<'a>, end: Text<'a>, }
    Identifier { system: Text<'a>, value: Text<'a>, }
    CodedExtension { value_coding: Coding<'a>, }
    Address { district: Text<'a>, period: Period<'a>, extension: Vec<CodedExtension<'a>>, }
    Communication { language: Concept<'a>, }
    PatientLink { other: Reference<'a>, kind as "type": Text<'a>, }
    Provision { kind as "type": Text<'a>, code: Vec<Concept<'a>>, period: Period<'a>, }
    Relative { code: Concept<'a>, }
    /// A resource inside another: only medications are looked for.
    Contained { id: Text<'a>, code: Concept<'a>, }

    MedicationRequest {
        id: Text<'a>,
        meta: Meta<'a>,
        status: Text<'a>,
        intent: Text<'a>,
        medication_codeable_concept: Concept<'a>,
        medication_reference: Reference<'a>,
        contained: Vec<Contained<'a>>,
        subject: Reference<'a>,
        authored_on: Text<'a>,
    }
    Condition {
        id: Text<'a>,
        meta: Meta<'a>,
        clinical_status: Concept<'a>,
        verification_status: Concept<'a>,
        category: Vec<Concept<'a>>,
        code: Concept<'a>,
        subject: Reference<'a>,
        onset_date_time: Text<'a>,
        onset_period: Period<'a>,
        abatement_date_time: Text<'a>,
        abatement_period: Period<'a>,
        recorded_date: Text<'a>,
    }
    FamilyMemberHistory {
        id: Text<'a>,
        meta: Meta<'a>,
        status: Text<'a>,
        patient: Reference<'a>,
        date: Text<'a>,
        relationship: Concept<'a>,
        condition: Vec<Relative<'a>>,
    }
    QuestionnaireResponse {
        id: Text<'a>,
        meta: Meta<'a>,
        questionnaire: Text<'a>,
        status: Text<'a>,
        subject: Reference<'a>,
        authored: Text<'a>,
        item: Vec<FormItem<'a>>,
    }
    FormItem { link_id: Text<'a>, answer: Vec<FormAnswer<'a>>, item: Vec<FormItem<'a>>, }
    Consent {
        id: Text<'a>,
        meta: Meta<'a>,
        status: Text<'a>,
        category: Vec<Concept<'a>>,
        patient: Reference<'a>,
        date_time: Text<'a>,
        provision: Provision<'a>,
    }
}

/// A resident in the register.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub(super) struct Patient<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) meta: Option<Meta<'a>>,
    #[serde(borrow, default)]
    pub(super) identifier: Option<Vec<Identifier<'a>>>,
    #[serde(borrow, default)]
    pub(super) gender: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) birth_date: Option<Text<'a>>,
    #[serde(default)]
    pub(super) deceased_boolean: Option<bool>,
    #[serde(borrow, default)]
    pub(super) deceased_date_time: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) address: Option<Vec<Address<'a>>>,
    #[serde(borrow, default)]
    pub(super) extension: Option<Vec<CodedExtension<'a>>>,
    #[serde(borrow, default)]
    pub(super) communication: Option<Vec<Communication<'a>>>,
    #[serde(borrow, default)]
    pub(super) link: Option<Vec<PatientLink<'a>>>,
}

/// The values an observation or a component of one can have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub(super) struct Component<'a> {
    #[serde(borrow, default)]
    pub(super) code: Option<Concept<'a>>,
    #[serde(borrow, default)]
    pub(super) value_quantity: Option<Quantity<'a>>,
    #[serde(default)]
    pub(super) value_boolean: Option<bool>,
    #[serde(borrow, default)]
    pub(super) value_codeable_concept: Option<Concept<'a>>,
    #[serde(borrow, default)]
    pub(super) value_string: Option<Text<'a>>,
    #[serde(default)]
    pub(super) value_integer: Option<i64>,
    #[serde(borrow, default)]
    pub(super) data_absent_reason: Option<Concept<'a>>,
}

/// An observation; its own value sits in the same fields as a component's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub(super) struct Observation<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) meta: Option<Meta<'a>>,
    #[serde(borrow, default)]
    pub(super) status: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) code: Option<Concept<'a>>,
    #[serde(borrow, default)]
    pub(super) subject: Option<Reference<'a>>,
    #[serde(borrow, default)]
    pub(super) effective_date_time: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) effective_instant: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) effective_period: Option<Period<'a>>,
    #[serde(borrow, default)]
    pub(super) issued: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) performer: Option<Vec<Reference<'a>>>,
    #[serde(borrow, default)]
    pub(super) value_quantity: Option<Quantity<'a>>,
    #[serde(default)]
    pub(super) value_boolean: Option<bool>,
    #[serde(borrow, default)]
    pub(super) value_codeable_concept: Option<Concept<'a>>,
    #[serde(borrow, default)]
    pub(super) value_string: Option<Text<'a>>,
    #[serde(default)]
    pub(super) value_integer: Option<i64>,
    #[serde(borrow, default)]
    pub(super) data_absent_reason: Option<Concept<'a>>,
    #[serde(borrow, default)]
    pub(super) component: Option<Vec<Component<'a>>>,
}

/// One answer of a form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub(super) struct FormAnswer<'a> {
    #[serde(default)]
    pub(super) value_decimal: Option<f64>,
    #[serde(default)]
    pub(super) value_integer: Option<i64>,
    #[serde(borrow, default)]
    pub(super) value_quantity: Option<Quantity<'a>>,
    #[serde(borrow, default)]
    pub(super) value_coding: Option<Coding<'a>>,
    #[serde(default)]
    pub(super) value_boolean: Option<bool>,
    #[serde(borrow, default)]
    pub(super) value_string: Option<Text<'a>>,
}
