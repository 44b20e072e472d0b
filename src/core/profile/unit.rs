//! Units of measurement: a closed list, named by their UCUM codes.

use std::fmt;

/// A unit, written as in UCUM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Kilograms per square metre, `kg/m2`.
    KgPerSquareMetre,
    /// Kilogram, `kg`.
    Kilogram,
    /// Gram, `g`.
    Gram,
    /// Pound, `[lb_av]`.
    Pound,
    /// Metre, `m`.
    Metre,
    /// Centimetre, `cm`.
    Centimetre,
    /// Millimetre, `mm`.
    Millimetre,
    /// Inch, `[in_i]`.
    Inch,
    /// Millimole per mole (HbA1c, IFCC), `mmol/mol`.
    MillimolePerMole,
    /// Per cent (HbA1c, NGSP), `%`.
    Percent,
    /// Millimole per litre, `mmol/L`.
    MillimolePerLitre,
    /// Milligram per decilitre, `mg/dL`.
    MilligramPerDecilitre,
    /// Millimetre of mercury, `mm[Hg]`.
    MillimetreOfMercury,
    /// Year, `a`.
    Year,
}

impl Unit {
    /// Every unit, in declaration order.
    pub const ALL: [Self; 14] = [
        Self::KgPerSquareMetre,
        Self::Kilogram,
        Self::Gram,
        Self::Pound,
        Self::Metre,
        Self::Centimetre,
        Self::Millimetre,
        Self::Inch,
        Self::MillimolePerMole,
        Self::Percent,
        Self::MillimolePerLitre,
        Self::MilligramPerDecilitre,
        Self::MillimetreOfMercury,
        Self::Year,
    ];

    /// The UCUM code (case sensitive).
    #[must_use]
    pub const fn ucum(self) -> &'static str {
        match self {
            Self::KgPerSquareMetre => "kg/m2",
            Self::Kilogram => "kg",
            Self::Gram => "g",
            Self::Pound => "[lb_av]",
            Self::Metre => "m",
            Self::Centimetre => "cm",
            Self::Millimetre => "mm",
            Self::Inch => "[in_i]",
            Self::MillimolePerMole => "mmol/mol",
            Self::Percent => "%",
            Self::MillimolePerLitre => "mmol/L",
            Self::MilligramPerDecilitre => "mg/dL",
            Self::MillimetreOfMercury => "mm[Hg]",
            Self::Year => "a",
        }
    }

    /// Reads a UCUM code.
    #[must_use]
    pub fn from_ucum(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.ucum() == code)
    }

    /// As people read it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::KgPerSquareMetre => "kg/m²",
            Self::Pound => "lb",
            Self::Inch => "in",
            Self::MillimetreOfMercury => "mmHg",
            Self::Year => "years",
            Self::Kilogram
            | Self::Gram
            | Self::Metre
            | Self::Centimetre
            | Self::Millimetre
            | Self::MillimolePerMole
            | Self::Percent
            | Self::MillimolePerLitre
            | Self::MilligramPerDecilitre => self.ucum(),
        }
    }

    /// Converts a length to centimetres or a mass to kilograms, exactly as the
    /// units are defined (inch 2.54 cm, pound 0.45359237 kg: international
    /// yard and pound agreement, 1959).
    ///
    /// The result carries nine decimals, so that a value that is exact in
    /// decimal stays on its side of a band's end. `None` for units that this
    /// program never converts: results are compared in the unit received.
    #[must_use]
    pub fn convert(self, value: f64, to: Self) -> Option<f64> {
        if self == to {
            return Some(value);
        }
        let converted = match (self, to) {
            (Self::Metre, Self::Centimetre) => value * 100.0,
            (Self::Millimetre, Self::Centimetre) => value / 10.0,
            (Self::Inch, Self::Centimetre) => value * 2.54,
            (Self::Gram, Self::Kilogram) => value / 1000.0,
            (Self::Pound, Self::Kilogram) => value * 0.453_592_37,
            _ => return None,
        };
        Some(nine_decimals(converted))
    }
}

/// Rounds away the noise of binary arithmetic, nothing that anybody measured.
#[must_use]
pub(crate) fn nine_decimals(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
