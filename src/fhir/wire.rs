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
    ($($(#[$doc:meta])* $name:ident {
        $($field:ident $(as $json:literal)?: $kind:ty,)*
        $(; $($plain:ident: $plain_kind:ty,)*)?
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Deserialize)]
            #[serde(rename_all = "camelCase", remote = "Self")]
            pub(super) struct $name<'a> {
                $(
                    #[serde(borrow, default $(, rename = $json)?)]
                    pub(super) $field: Option<$kind>,
                )*
                $($(
                    #[serde(default)]
                    pub(super) $plain: Option<$plain_kind>,
                )*)?
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

objects_only!(Head);

/// Only what a line is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) resource_type: Text<'a>,
}

wire! {
    Coding { system: Text<'a>, code: Text<'a>, }
    Concept { coding: Vec<Coding<'a>>, }
    Reference { reference: Text<'a>, }
    /// What a result answers, by reference or identifier.
    OrderReference { reference: Text<'a>, identifier: Identifier<'a>, }
    /// Who made a result, by reference, name or identifier.
    Performer { reference: Text<'a>, display: Text<'a>, identifier: Identifier<'a>, }
    Meta { last_updated: Text<'a>, security: Vec<Coding<'a>>, }
    Period { start: Text<'a>, end: Text<'a>, }
    Identifier { system: Text<'a>, value: Text<'a>, }
    CodedExtension { value_coding: Coding<'a>, }
    Address { district: Text<'a>, period: Period<'a>, extension: Vec<CodedExtension<'a>>, }
    Communication { language: Concept<'a>, ; preferred: bool, }
    PatientLink { other: Reference<'a>, kind as "type": Text<'a>, }
    Provision { kind as "type": Text<'a>, code: Vec<Concept<'a>>, period: Period<'a>, }
    Relative { code: Concept<'a>, }
    /// A resource inside another: only medications are looked for.
    Contained { id: Text<'a>, code: Concept<'a>, }

    MedicationRequest {
        resource_type: Text<'a>,
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
    ServiceRequest {
        resource_type: Text<'a>,
        id: Text<'a>,
        meta: Meta<'a>,
        identifier: Vec<Identifier<'a>>,
        status: Text<'a>,
        intent: Text<'a>,
        code: Concept<'a>,
        subject: Reference<'a>,
        authored_on: Text<'a>,
        performer: Vec<Performer<'a>>,
    }
    Condition {
        resource_type: Text<'a>,
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
        resource_type: Text<'a>,
        id: Text<'a>,
        meta: Meta<'a>,
        status: Text<'a>,
        patient: Reference<'a>,
        date: Text<'a>,
        relationship: Concept<'a>,
        condition: Vec<Relative<'a>>,
    }
    QuestionnaireResponse {
        resource_type: Text<'a>,
        id: Text<'a>,
        meta: Meta<'a>,
        questionnaire: Text<'a>,
        status: Text<'a>,
        subject: Reference<'a>,
        authored: Text<'a>,
        item: Vec<FormItem<'a>>,
    }
    FormItem { link_id: Text<'a>, answer: Vec<FormAnswer<'a>>, item: Vec<FormItem<'a>>, }
    Task {
        resource_type: Text<'a>,
        id: Text<'a>,
        meta: Meta<'a>,
        identifier: Vec<Identifier<'a>>,
        status: Text<'a>,
        business_status: Concept<'a>,
        code: Concept<'a>,
        subject as "for": Reference<'a>,
        execution_period: Period<'a>,
        authored_on: Text<'a>,
        last_modified: Text<'a>,
    }
    Consent {
        resource_type: Text<'a>,
        id: Text<'a>,
        meta: Meta<'a>,
        status: Text<'a>,
        category: Vec<Concept<'a>>,
        patient: Reference<'a>,
        date_time: Text<'a>,
        provision: Provision<'a>,
    }

    /// A quantity.
    Quantity {
        comparator: Text<'a>,
        unit: Text<'a>,
        system: Text<'a>,
        code: Text<'a>,
        ;
        value: f64,
    }
    /// A resident in the register.
    Patient {
        resource_type: Text<'a>,
        id: Text<'a>,
        meta: Meta<'a>,
        identifier: Vec<Identifier<'a>>,
        gender: Text<'a>,
        birth_date: Text<'a>,
        deceased_date_time: Text<'a>,
        address: Vec<Address<'a>>,
        extension: Vec<CodedExtension<'a>>,
        communication: Vec<Communication<'a>>,
        link: Vec<PatientLink<'a>>,
        ;
        deceased_boolean: bool,
    }
    /// A part of an observation, with a code and value of its own.
    Component {
        code: Concept<'a>,
        value_quantity: Quantity<'a>,
        value_codeable_concept: Concept<'a>,
        value_string: Text<'a>,
        data_absent_reason: Concept<'a>,
        ;
        value_boolean: bool,
        value_integer: i64,
    }
    Observation {
        resource_type: Text<'a>,
        id: Text<'a>,
        meta: Meta<'a>,
        status: Text<'a>,
        code: Concept<'a>,
        based_on: Vec<OrderReference<'a>>,
        subject: Reference<'a>,
        effective_date_time: Text<'a>,
        effective_instant: Text<'a>,
        effective_period: Period<'a>,
        issued: Text<'a>,
        performer: Vec<Performer<'a>>,
        value_quantity: Quantity<'a>,
        value_codeable_concept: Concept<'a>,
        value_string: Text<'a>,
        data_absent_reason: Concept<'a>,
        component: Vec<Component<'a>>,
        ;
        value_boolean: bool,
        value_integer: i64,
    }
    /// One answer of a form.
    FormAnswer {
        value_quantity: Quantity<'a>,
        value_coding: Coding<'a>,
        value_string: Text<'a>,
        ;
        value_decimal: f64,
        value_integer: i64,
        value_boolean: bool,
    }
}
