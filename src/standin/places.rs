//! Tables of Helsinki: districts, languages, ages, and where people move.
//!
//! Shares are round approximations of the city's published structure, good enough for a stand-in and not official
//! statistics; the deprivation of a district is invented. The municipality
//! codes were not looked up in the national register again.

/// One of the eight major districts.
#[derive(Clone, Copy, Debug)]
pub(super) struct District {
    pub(super) name: &'static str,
    /// Invented postal code prefix; the last digits are drawn.
    pub(super) postal_prefix: &'static str,
    /// Standard deviations of living conditions; higher is worse for health.
    pub(super) deprivation: f64,
    /// Log odds added to "speaks another language than Finnish and Swedish".
    pub(super) other_language_shift: f64,
    /// Multiplies the share of Swedish speakers.
    pub(super) swedish_factor: f64,
}

/// The major districts with their share of the residents.
pub(super) const DISTRICTS: [(f64, District); 8] = [
    (0.180, district("Eteläinen", "0091", -0.45, -0.45, 1.9)),
    (0.165, district("Läntinen", "0093", -0.10, -0.05, 1.1)),
    (0.155, district("Keskinen", "0095", -0.15, -0.15, 0.9)),
    (0.065, district("Pohjoinen", "0096", -0.10, -0.30, 0.8)),
    (0.150, district("Koillinen", "0097", 0.25, 0.20, 0.6)),
    (0.085, district("Kaakkoinen", "0098", -0.15, -0.20, 1.0)),
    (0.195, district("Itäinen", "0099", 0.45, 0.55, 0.6)),
    (0.005, district("Östersundomin", "0089", -0.05, -0.40, 2.2)),
];

const fn district(
    name: &'static str,
    postal_prefix: &'static str,
    deprivation: f64,
    other_language_shift: f64,
    swedish_factor: f64,
) -> District {
    District {
        name,
        postal_prefix,
        deprivation,
        other_language_shift,
        swedish_factor,
    }
}

/// Languages other than Finnish and Swedish, by share among their speakers.
pub(super) const OTHER_LANGUAGES: [(f64, &str); 14] = [
    (0.16, "ru"),
    (0.09, "et"),
    (0.10, "so"),
    (0.09, "ar"),
    (0.10, "en"),
    (0.05, "zh"),
    (0.04, "ku"),
    (0.05, "fa"),
    (0.05, "es"),
    (0.04, "vi"),
    (0.04, "tr"),
    (0.04, "uk"),
    (0.05, "ne"),
    (0.10, "fr"),
];

/// Five-year age bands from 0 to 109: share of residents, and share of women in the band.
pub(super) const AGE_BANDS: [(f64, f64); 22] = [
    (0.046, 0.49),
    (0.047, 0.49),
    (0.047, 0.49),
    (0.047, 0.49),
    (0.066, 0.53),
    (0.097, 0.52),
    (0.093, 0.50),
    (0.080, 0.50),
    (0.071, 0.50),
    (0.062, 0.50),
    (0.058, 0.51),
    (0.059, 0.51),
    (0.055, 0.52),
    (0.049, 0.54),
    (0.046, 0.56),
    (0.040, 0.58),
    (0.023, 0.61),
    (0.012, 0.66),
    (0.0055, 0.73),
    (0.0014, 0.79),
    (0.0002, 0.85),
    (0.000_02, 0.90),
];

/// Municipality codes of the national register: the city itself.
pub(super) const HELSINKI: Municipality = Municipality {
    code: "091",
    name: "Helsinki",
};

/// A municipality with its national code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Municipality {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
}

/// Where those who move out go.
pub(super) const DESTINATIONS: [(f64, Municipality); 6] = [
    (
        0.40,
        Municipality {
            code: "049",
            name: "Espoo",
        },
    ),
    (
        0.36,
        Municipality {
            code: "092",
            name: "Vantaa",
        },
    ),
    (
        0.03,
        Municipality {
            code: "235",
            name: "Kauniainen",
        },
    ),
    (
        0.08,
        Municipality {
            code: "245",
            name: "Kerava",
        },
    ),
    (
        0.07,
        Municipality {
            code: "257",
            name: "Kirkkonummi",
        },
    ),
    (
        0.06,
        Municipality {
            code: "858",
            name: "Tuusula",
        },
    ),
];

/// Street names that exist nowhere.
pub(super) const STREETS: [&str; 10] = [
    "Koekuja",
    "Mallitie",
    "Esimerkinkatu",
    "Testipolku",
    "Harjoituskaari",
    "Provvägen",
    "Exempelgränden",
    "Näytekuja",
    "Kokeilijantie",
    "Mallinkulma",
];

/// Given names of women, by frequency of the language family only.
pub(super) const WOMEN: [&str; 14] = [
    "Testi-Aino",
    "Helmi",
    "Malli",
    "Sofia",
    "Lempi",
    "Tuuli",
    "Saga",
    "Freja",
    "Vieno",
    "Amina",
    "Pilvi",
    "Maija",
    "Linnea",
    "Koe-Anna",
];

/// Given names of men.
pub(super) const MEN: [&str; 14] = [
    "Testi-Eino",
    "Urho",
    "Malli-Matti",
    "Onni",
    "Tarmo",
    "Sulo",
    "Folke",
    "Birger",
    "Väinö",
    "Omar",
    "Pekka",
    "Toivo",
    "Gustav",
    "Koe-Olli",
];

/// Surnames that nobody has.
pub(super) const SURNAMES: [&str; 10] = [
    "Testinen",
    "Koehenkilö",
    "Malliainen",
    "Esimerkkilä",
    "Näytelä",
    "Testström",
    "Provberg",
    "Kokeilija",
    "Harjoitusmaa",
    "Mallikas",
];
