//! The diagnoses that records hold: diabetes and its relatives, and what else people have.
//!
//! # Source
//!
//! E11.3, R73.0 and the SNOMED CT statements about relatives: HL7 Finland's examples, the Finnish ICD-10 and DICOM CID 3758.
//! T90, O24.4, 44054006, those of heart and vessels and the unrelated codes were not looked up again. Names are short forms for people.

use super::concepts::{Coding, coding, system};

const fn icd(code: &'static str, display: &'static str) -> Coding {
    coding(system::ICD10_FINLAND, code, display)
}

pub(super) const TYPE_2: [(f64, Coding); 6] = [
    (
        0.62,
        icd("E11.9", "Aikuistyypin diabetes ilman komplikaatioita"),
    ),
    (
        0.10,
        icd(
            "E11.8",
            "Aikuistyypin diabetes, määrittämättömät komplikaatiot",
        ),
    ),
    (
        0.07,
        icd(
            "E11.3",
            "Aikuistyypin diabetes diabeteksen silmäkomplikaatiot",
        ),
    ),
    (
        0.06,
        icd(
            "E11.2",
            "Aikuistyypin diabetes diabeteksen munuaiskomplikaatiot",
        ),
    ),
    (
        0.05,
        icd(
            "E11.4",
            "Aikuistyypin diabetes diabeteksen hermostokomplikaatiot",
        ),
    ),
    (0.10, icd("E11", "Aikuistyypin diabetes")),
];
pub(super) const TYPE_1: Coding = icd("E10.9", "Nuoruustyypin diabetes ilman komplikaatioita");
pub(super) const UNSPECIFIED_DIABETES: Coding =
    icd("E14.9", "Määrittämätön diabetes ilman komplikaatioita");
pub(super) const TYPE_2_ICPC: Coding =
    coding(system::ICPC2_FINLAND, "T90", "Aikuistyypin diabetes");
pub(super) const TYPE_2_SNOMED: Coding =
    coding(system::SNOMED, "44054006", "Diabetes mellitus type 2");
pub(super) const RAISED_GLUCOSE: Coding = icd("R73.0", "Poikkeava tulos sokerirasituskokeessa");
pub(super) const GESTATIONAL: Coding = icd("O24.4", "Raskauden aikana alkanut diabetes");
pub(super) const HYPERTENSION: Coding = icd("I10", "Essentiaalinen verenpainetauti");
pub(super) const PREGNANCY: [(f64, Coding); 3] = [
    (
        0.80,
        icd("Z34.9", "Tavallisen raskauden seuranta, määrittämätön"),
    ),
    (
        0.12,
        icd("Z34.0", "Ensimmäisen tavallisen raskauden seuranta"),
    ),
    (
        0.08,
        icd("O26.8", "Muu määritetty raskauteen liittyvä tila"),
    ),
];
pub(super) const NO_FAMILY_HISTORY: Coding =
    coding(system::SNOMED, "160274005", "No family history of diabetes");
pub(super) const FAMILY_HISTORY: Coding = coding(
    system::SNOMED,
    "160303001",
    "Family history of diabetes mellitus",
);
pub(super) const PALLIATIVE: Coding = icd("Z51.5", "Palliatiivinen hoito");

pub(super) const VESSELS: [(f64, Coding); 5] = [
    (0.34, icd("I25.1", "Sepelvaltimotauti")),
    (0.16, icd("I21.9", "Akuutti sydäninfarkti")),
    (0.12, icd("I20.8", "Muu rasitusrintakipu")),
    (0.30, icd("I63.9", "Aivoinfarkti")),
    (0.08, icd("I70.2", "Raajojen valtimoiden ateroskleroosi")),
];

pub(super) const UNRELATED: [Coding; 14] = [
    icd("J06.9", "Akuutti ylähengitystieinfektio"),
    icd("M54.5", "Lannesärky"),
    icd("F32.9", "Masennustila, määrittämätön"),
    icd("E78.0", "Puhdas hyperkolesterolemia"),
    icd("M17.1", "Muu primaarinen polvinivelrikko"),
    icd("K21.9", "Ruokatorven refluksitauti"),
    icd("L30.9", "Määrittämätön ihotulehdus"),
    icd("J45.9", "Astma, määrittämätön"),
    icd("S93.4", "Nilkan nyrjähdys"),
    icd("N39.0", "Virtsatieinfektio"),
    icd("G47.3", "Uniapnea"),
    icd("E03.9", "Kilpirauhasen vajaatoiminta"),
    coding(system::ICPC2_FINLAND, "R74", "Ylähengitystieinfektio"),
    coding(system::ICPC2_FINLAND, "L03", "Alaselän oire"),
];
