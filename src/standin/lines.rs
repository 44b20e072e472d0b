//! Finished lines, by the file they belong to.

/// The resource types that are exported, each with a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Patient = 0,
    Observation = 1,
    Condition = 2,
    MedicationRequest = 3,
    FamilyMemberHistory = 4,
    QuestionnaireResponse = 5,
    Consent = 6,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub(super) const ALL: [Kind; 7] = [
        Kind::Patient,
        Kind::Observation,
        Kind::Condition,
        Kind::MedicationRequest,
        Kind::FamilyMemberHistory,
        Kind::QuestionnaireResponse,
        Kind::Consent,
    ];

    /// FHIR's name of the type.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Patient => "Patient",
            Kind::Observation => "Observation",
            Kind::Condition => "Condition",
            Kind::MedicationRequest => "MedicationRequest",
            Kind::FamilyMemberHistory => "FamilyMemberHistory",
            Kind::QuestionnaireResponse => "QuestionnaireResponse",
            Kind::Consent => "Consent",
        }
    }

    /// Its place in [`Kind::ALL`].
    pub(super) fn place(self) -> usize {
        self as usize
    }
}

/// Lines of all kinds, waiting to be written.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffers: [Vec<u8>; 7],
    counts: [u64; 7],
    /// Repeated lines, which follow after everybody else's so that a repeat is not next to its original.
    repeats: Vec<(Kind, Vec<u8>)>,
}

impl Lines {
    /// Appends one line; `write` fills it without the newline.
    pub(super) fn add(&mut self, kind: Kind, repeated: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let buffer = &mut self.buffers[kind.place()];
        let start = buffer.len();
        write(buffer);
        buffer.push(b'\n');
        self.counts[kind.place()] += 1;
        if repeated {
            self.repeats.push((kind, buffer[start..].to_vec()));
        }
    }

    /// Appends the repeated lines; call it when no more residents come.
    pub(super) fn finish(&mut self) {
        for (kind, line) in std::mem::take(&mut self.repeats) {
            self.buffers[kind.place()].extend_from_slice(&line);
            self.counts[kind.place()] += 1;
        }
    }

    /// The bytes of one kind.
    pub(super) fn bytes(&self, kind: Kind) -> &[u8] {
        &self.buffers[kind.place()]
    }

    /// The bytes of one kind, which are no longer here afterwards.
    pub(super) fn take(&mut self, kind: Kind) -> Vec<u8> {
        std::mem::take(&mut self.buffers[kind.place()])
    }

    /// How many lines of one kind there are.
    pub(super) fn count(&self, kind: Kind) -> u64 {
        self.counts[kind.place()]
    }
}
