//! Code systems and the concepts that the records use.
//!
//! This is a table. Display strings are short forms for people; readers must not decide by them.
//!
//! # Source
//!
//! Identifier and code systems: HL7 Finland, "Finnish base profiles" 2.0.0-rc2. Kuntaliitto laboratory nomenclature: published
//! hospital laboratory manuals (fP-Gluk 1468, B-HbA1c 6128 and in percent 1560, B-HbA1cVT 9019, P-Gluk-VT 10756,
//! Pt-Gluk-R 20271, Pt-Gluk-R1 1483; fP-Kol 4515, fP-Kol-LDL 4599: fimlab.fi; fP-Kol-HDL 4516, fP-Trigly 4568: synlab.fi).
//! Smoking status 72166-2 and its SNOMED CT answers: HL7's International Patient Summary. LOINC codes of glucose, `HbA1c`, body measures and blood pressure: LOINC's code pages.
//! The codes in [`UNRELATED`] and of the statement about relatives were not looked up again: nothing may be decided by them.

/// A code system's URI.
pub(super) mod system {
    pub(in super::super) const LOINC: &str = "http://loinc.org";
    pub(in super::super) const SNOMED: &str = "http://snomed.info/sct";
    pub(in super::super) const UCUM: &str = "http://unitsofmeasure.org";
    pub(in super::super) const KUNTALIITTO: &str = "urn:oid:1.2.246.537.6.3";
    pub(in super::super) const ICD10_FINLAND: &str = "urn:oid:1.2.246.537.6.1";
    pub(in super::super) const ICPC2_FINLAND: &str = "urn:oid:1.2.246.537.6.31";
    pub(in super::super) const ATC_FINLAND: &str = "urn:oid:1.2.246.537.6.32";
    pub(in super::super) const ATC_WHO: &str = "http://www.whocc.no/atc";
    pub(in super::super) const MUNICIPALITY: &str = "urn:oid:1.2.246.537.6.21";
    pub(in super::super) const HENKILOTUNNUS: &str = "urn:oid:1.2.246.21";
    pub(in super::super) const OBSERVATION_CATEGORY: &str =
        "http://terminology.hl7.org/CodeSystem/observation-category";
    pub(in super::super) const CONDITION_CATEGORY: &str =
        "http://terminology.hl7.org/CodeSystem/condition-category";
    pub(in super::super) const CONDITION_CLINICAL: &str =
        "http://terminology.hl7.org/CodeSystem/condition-clinical";
    pub(in super::super) const CONDITION_VERIFICATION: &str =
        "http://terminology.hl7.org/CodeSystem/condition-ver-status";
    pub(in super::super) const ROLE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
    pub(in super::super) const DATA_ABSENT_REASON: &str =
        "http://terminology.hl7.org/CodeSystem/data-absent-reason";
}

/// One coding: system, code, display.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coding {
    pub(super) system: &'static str,
    pub(super) code: &'static str,
    pub(super) display: &'static str,
}

pub(super) const fn coding(
    system: &'static str,
    code: &'static str,
    display: &'static str,
) -> Coding {
    Coding {
        system,
        code,
        display,
    }
}

/// The category of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    VitalSigns,
    Laboratory,
    SocialHistory,
}

impl Category {
    pub(super) fn code(self) -> &'static str {
        match self {
            Category::VitalSigns => "vital-signs",
            Category::Laboratory => "laboratory",
            Category::SocialHistory => "social-history",
        }
    }
}

/// Something that can be observed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observable {
    pub(super) text: &'static str,
    pub(super) category: Category,
    /// The international coding: LOINC, or SNOMED CT for a statement.
    pub(super) primary: Option<Coding>,
    /// The Finnish laboratory nomenclature's coding.
    pub(super) kuntaliitto: Option<Coding>,
    /// UCUM code.
    pub(super) unit: &'static str,
    /// How people write the unit.
    pub(super) unit_text: &'static str,
    /// Decimal places of a result.
    pub(super) places: usize,
    /// Reference interval in scaled units, when the laboratory prints one.
    pub(super) reference: Option<(i64, i64)>,
}

const fn vital(
    text: &'static str,
    code: &'static str,
    display: &'static str,
    unit: (&'static str, &'static str),
    places: usize,
) -> Observable {
    Observable {
        text,
        category: Category::VitalSigns,
        primary: Some(coding(system::LOINC, code, display)),
        kuntaliitto: None,
        unit: unit.0,
        unit_text: unit.1,
        places,
        reference: None,
    }
}

const fn laboratory(
    text: &'static str,
    primary: Option<Coding>,
    kuntaliitto: Option<&'static str>,
    unit: (&'static str, &'static str),
    reference: Option<(i64, i64)>,
) -> Observable {
    Observable {
        text,
        category: Category::Laboratory,
        primary,
        kuntaliitto: match kuntaliitto {
            Some(code) => Some(coding(system::KUNTALIITTO, code, text)),
            None => None,
        },
        unit: unit.0,
        unit_text: unit.1,
        places: 1,
        reference,
    }
}

const fn loinc(code: &'static str, display: &'static str) -> Option<Coding> {
    Some(coding(system::LOINC, code, display))
}

const MMOL_PER_LITRE: (&str, &str) = ("mmol/L", "mmol/l");

pub(super) const BODY_MASS_INDEX: Observable = vital(
    "Painoindeksi",
    "39156-5",
    "Body mass index (BMI) [Ratio]",
    ("kg/m2", "kg/m2"),
    1,
);
pub(super) const HEIGHT: Observable = vital("Pituus", "8302-2", "Body height", ("cm", "cm"), 0);
pub(super) const WEIGHT: Observable = vital("Paino", "29463-7", "Body weight", ("kg", "kg"), 1);
pub(super) const WAIST: Observable = vital(
    "Vyötärönympärys",
    "8280-0",
    "Waist Circumference at umbilicus by Tape measure",
    ("cm", "cm"),
    0,
);
pub(super) const WAIST_PROTOCOL: Observable = vital(
    "Vyötärönympärys",
    "56086-2",
    "Adult Waist Circumference Protocol",
    ("cm", "cm"),
    0,
);
pub(super) const HEART_RATE: Observable =
    vital("Syke", "8867-4", "Heart rate", ("/min", "/min"), 0);
pub(super) const SATURATION: Observable = vital(
    "SpO2",
    "2708-6",
    "Oxygen saturation in Arterial blood",
    ("%", "%"),
    0,
);
/// A statement about relatives, answered by a code.
pub(super) const FAMILY_STATEMENT: Observable = Observable {
    text: "Suvun diabetes",
    category: Category::SocialHistory,
    primary: Some(coding(
        system::SNOMED,
        "416471007",
        "Family history of clinical finding",
    )),
    ..HEART_RATE
};
pub(super) const BLOOD_PRESSURE: Observable = vital(
    "Verenpaine",
    "85354-9",
    "Blood pressure panel with all children optional",
    ("mm[Hg]", "mmHg"),
    0,
);

pub(super) const FASTING_GLUCOSE: Observable = laboratory(
    "fP-Gluk",
    loinc(
        "14771-0",
        "Fasting glucose [Moles/volume] in Serum or Plasma",
    ),
    Some("1468"),
    MMOL_PER_LITRE,
    Some((40, 60)),
);
pub(super) const CAPILLARY_FASTING_GLUCOSE: Observable = laboratory(
    "fB-Gluk (sormenpää)",
    loinc(
        "14770-2",
        "Fasting glucose [Moles/volume] in Capillary blood by Glucometer",
    ),
    None,
    MMOL_PER_LITRE,
    None,
);
pub(super) const GLUCOSE_PLASMA: Observable = laboratory(
    "P-Gluk",
    loinc("14749-6", "Glucose [Moles/volume] in Serum or Plasma"),
    None,
    MMOL_PER_LITRE,
    None,
);
pub(super) const GLUCOSE_BLOOD: Observable = laboratory(
    "B-Gluk",
    loinc("15074-8", "Glucose [Moles/volume] in Blood"),
    None,
    MMOL_PER_LITRE,
    None,
);
pub(super) const GLUCOSE_POINT_OF_CARE: Observable =
    laboratory("P-Gluk-VT", None, Some("10756"), MMOL_PER_LITRE, None);
pub(super) const TWO_HOUR_GLUCOSE: Observable = laboratory(
    "Pt-Gluk-R (2 h)",
    loinc(
        "14995-5",
        "Glucose [Moles/volume] in Serum or Plasma --2 hours post 75 g glucose PO",
    ),
    Some("20271"),
    MMOL_PER_LITRE,
    Some((0, 77)),
);
pub(super) const TWO_HOUR_GLUCOSE_PREGNANCY: Observable = laboratory(
    "Pt-Gluk-R1 (2 h)",
    loinc(
        "14995-5",
        "Glucose [Moles/volume] in Serum or Plasma --2 hours post 75 g glucose PO",
    ),
    Some("1483"),
    MMOL_PER_LITRE,
    None,
);
pub(super) const HBA1C: Observable = Observable {
    places: 0,
    ..laboratory(
        "B-HbA1c",
        loinc(
            "59261-8",
            "Hemoglobin A1c/Hemoglobin.total in Blood by IFCC protocol",
        ),
        Some("6128"),
        ("mmol/mol", "mmol/mol"),
        Some((20, 42)),
    )
};
pub(super) const HBA1C_PERCENT: Observable = laboratory(
    "B-HbA1c (%)",
    loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood"),
    Some("1560"),
    ("%", "%"),
    Some((40, 60)),
);
pub(super) const HBA1C_POINT_OF_CARE: Observable = Observable {
    places: 0,
    ..laboratory(
        "B-HbA1cVT",
        None,
        Some("9019"),
        ("mmol/mol", "mmol/mol"),
        None,
    )
};
pub(super) const CHOLESTEROL: Observable = laboratory(
    "fP-Kol",
    loinc("14647-2", "Cholesterol [Moles/volume] in Serum or Plasma"),
    Some("4515"),
    MMOL_PER_LITRE,
    None,
);
pub(super) const HDL: Observable = laboratory(
    "fP-Kol-HDL",
    loinc(
        "14646-4",
        "Cholesterol in HDL [Moles/volume] in Serum or Plasma",
    ),
    Some("4516"),
    MMOL_PER_LITRE,
    None,
);
pub(super) const LDL: Observable = laboratory(
    "fP-Kol-LDL",
    loinc(
        "22748-8",
        "Cholesterol in LDL [Moles/volume] in Serum or Plasma",
    ),
    Some("4599"),
    MMOL_PER_LITRE,
    None,
);
pub(super) const TRIGLYCERIDES: Observable = laboratory(
    "fP-Trigly",
    loinc("14927-8", "Triglyceride [Moles/volume] in Serum or Plasma"),
    Some("4568"),
    MMOL_PER_LITRE,
    None,
);
/// Whether somebody smokes, answered by a code.
pub(super) const SMOKING_STATUS: Observable = Observable {
    text: "Tupakointi",
    category: Category::SocialHistory,
    primary: Some(coding(system::LOINC, "72166-2", "Tobacco smoking status")),
    ..HEART_RATE
};
pub(super) const SMOKES_DAILY: Coding = coding(system::SNOMED, "449868002", "Smokes tobacco daily");
pub(super) const EX_SMOKER: Coding = coding(system::SNOMED, "8517006", "Ex-smoker");
pub(super) const NEVER_SMOKED: Coding = coding(system::SNOMED, "266919005", "Never smoked tobacco");

/// Results that say nothing about the programme: observable, typical value, spread.
pub(super) const UNRELATED: [(Observable, f64, f64); 8] = [
    (
        laboratory(
            "P-Krea",
            loinc("14682-9", "Creatinine [Moles/volume] in Serum or Plasma"),
            None,
            ("umol/L", "µmol/l"),
            Some((500, 900)),
        ),
        76.0,
        14.0,
    ),
    (
        laboratory(
            "P-K",
            loinc("2823-3", "Potassium [Moles/volume] in Serum or Plasma"),
            None,
            MMOL_PER_LITRE,
            Some((33, 49)),
        ),
        4.1,
        0.3,
    ),
    (
        laboratory(
            "P-Na",
            loinc("2951-2", "Sodium [Moles/volume] in Serum or Plasma"),
            None,
            MMOL_PER_LITRE,
            Some((1370, 1450)),
        ),
        140.0,
        2.0,
    ),
    (
        laboratory(
            "B-Leuk",
            loinc(
                "6690-2",
                "Leukocytes [#/volume] in Blood by Automated count",
            ),
            None,
            ("10*9/L", "E9/l"),
            Some((34, 82)),
        ),
        6.1,
        1.4,
    ),
    (
        laboratory(
            "P-ALAT",
            loinc(
                "1742-6",
                "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma",
            ),
            None,
            ("U/L", "U/l"),
            Some((100, 500)),
        ),
        27.0,
        9.0,
    ),
    (
        laboratory(
            "P-TSH",
            loinc("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma"),
            None,
            ("m[IU]/L", "mU/l"),
            Some((4, 40)),
        ),
        1.9,
        0.7,
    ),
    (HEART_RATE, 71.0, 10.0),
    (SATURATION, 97.0, 1.2),
];
