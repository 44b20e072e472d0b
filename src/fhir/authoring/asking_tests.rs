//! Messages, tasks and the forms in them: what they say, that they read back unchanged, what is refused.

use fhir_sdk::r4b::resources::{Communication, Task};
use serde_json::{Value, json};

use crate::{
    AnswerContent, BusinessIdentifier, Coded, CommunicationContent, FormContent, QuestionContent,
    Recipient, TaskContent, communication, task,
};

const KEY: BusinessIdentifier<'static> = BusinessIdentifier {
    system: "https://preventio.example/order",
    value: "00ff",
};

const fn answer(code: &'static str, display: &'static str) -> Coded<'static> {
    Coded {
        system: "https://preventio.example/answers",
        code,
        display,
    }
}

const RELATIVES: Coded<'static> = Coded {
    system: "https://preventio.example/fact",
    code: "family",
    display: "diabetes in the family",
};

const FORM: FormContent<'static> = FormContent {
    address: "https://preventio.example/Questionnaire/risk",
    version: "2026.1",
    title: "A few questions",
    language: "en",
    questions: &[
        QuestionContent {
            link_id: "waist",
            code: Coded {
                system: "http://loinc.org",
                code: "8280-0",
                display: "waist",
            },
            text: "What is your waist?",
            answer: AnswerContent::Number { unit: "cm" },
        },
        QuestionContent {
            link_id: "family",
            code: RELATIVES,
            text: "Does anybody in your family have diabetes?",
            answer: AnswerContent::OneOf(&[answer("yes", "Yes"), answer("no", "No")]),
        },
    ],
};

const ASKED: CommunicationContent<'static> = CommunicationContent {
    identifier: KEY,
    resident: "Patient/r-17",
    recipients: &[Recipient::Reference("Patient/r-17")],
    subject: "A few questions",
    text: "Please answer\nby 1 May.",
    language: "en",
    sent_on: "2026-03-02",
    tests: &[],
    about: None,
    form: Some(FORM),
};

const TO_ORDER: CommunicationContent<'static> = CommunicationContent {
    recipients: &[
        Recipient::Reference("PractitionerRole/screening"),
        Recipient::Identifier(BusinessIdentifier {
            system: "urn:oid:1.2.246.10",
            value: "4711",
        }),
    ],
    tests: &[Coded {
        system: "urn:oid:1.2.246.537.6.3",
        code: "6128",
        display: "B-HbA1c",
    }],
    about: Some(KEY),
    form: None,
    ..ASKED
};

const TO_FILL_IN: TaskContent<'static> = TaskContent {
    identifier: KEY,
    resident: "Patient/r-17",
    owner: Recipient::Reference("Patient/r-17"),
    subject: "A few questions",
    text: "Please answer.",
    language: "en",
    written_on: "2026-03-02",
    due: "2026-05-01",
    form: Some(FORM),
};

const TO_CONTACT: TaskContent<'static> = TaskContent {
    owner: Recipient::Reference("CareTeam/prevention"),
    form: None,
    ..TO_FILL_IN
};

fn said(content: &CommunicationContent<'_>) -> Value {
    let bytes = communication(content).expect("the content is sound");
    serde_json::from_slice(&bytes).expect("a resource is JSON")
}

fn asked(content: &TaskContent<'_>) -> Value {
    let bytes = task(content).expect("the content is sound");
    serde_json::from_slice(&bytes).expect("a resource is JSON")
}

fn form() -> Value {
    let option = |code, display| json!({"valueCoding": {"system": "https://preventio.example/answers", "code": code, "display": display}});
    json!({
        "resourceType": "Questionnaire",
        "id": "form",
        "language": "en",
        "url": "https://preventio.example/Questionnaire/risk",
        "version": "2026.1",
        "title": "A few questions",
        "status": "active",
        "subjectType": ["Patient"],
        "item": [
            {
                "linkId": "waist",
                "code": [{"system": "http://loinc.org", "code": "8280-0", "display": "waist"}],
                "text": "What is your waist?",
                "type": "decimal",
                "extension": [{
                    "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-unit",
                    "valueCoding": {"system": "http://unitsofmeasure.org", "code": "cm", "display": "cm"}
                }]
            },
            {
                "linkId": "family",
                "code": [{"system": "https://preventio.example/fact", "code": "family", "display": "diabetes in the family"}],
                "text": "Does anybody in your family have diabetes?",
                "type": "choice",
                "answerOption": [option("yes", "Yes"), option("no", "No")]
            }
        ]
    })
}

#[test]
fn a_message_with_a_form_says_this_and_nothing_else() {
    assert_eq!(
        said(&ASKED),
        json!({
            "resourceType": "Communication",
            "language": "en",
            "contained": [form()],
            "identifier": [{"system": "https://preventio.example/order", "value": "00ff"}],
            "status": "completed",
            "priority": "routine",
            "subject": {"reference": "Patient/r-17"},
            "topic": {"text": "A few questions"},
            "sent": "2026-03-02",
            "recipient": [{"reference": "Patient/r-17"}],
            "sender": {"display": "PreventioJyrää"},
            "payload": [
                {"contentString": "Please answer\nby 1 May."},
                {"contentReference": {"reference": "#form"}}
            ],
            "note": [{"text": communication::DISCLAIMER}]
        })
    );
}

#[test]
fn a_request_to_professionals_names_the_test_and_what_it_is_about() {
    let said = said(&TO_ORDER);
    assert_eq!(
        said["recipient"],
        json!([
            {"reference": "PractitionerRole/screening"},
            {"identifier": {"system": "urn:oid:1.2.246.10", "value": "4711"}}
        ])
    );
    assert_eq!(
        said["reasonCode"],
        json!([{"coding": [{"system": "urn:oid:1.2.246.537.6.3", "code": "6128", "display": "B-HbA1c"}]}])
    );
    let about =
        json!([{"identifier": {"system": "https://preventio.example/order", "value": "00ff"}}]);
    assert_eq!(said["about"], about);
    assert_eq!(said["contained"], Value::Null);
}

#[test]
fn a_task_with_a_form_says_this_and_nothing_else() {
    assert_eq!(
        asked(&TO_FILL_IN),
        json!({
            "resourceType": "Task",
            "language": "en",
            "contained": [form()],
            "identifier": [{"system": "https://preventio.example/order", "value": "00ff"}],
            "status": "requested",
            "intent": "order",
            "priority": "routine",
            "code": {"coding": [{
                "system": "http://hl7.org/fhir/uv/sdc/CodeSystem/temp",
                "code": "complete-questionnaire",
                "display": "Complete Questionnaire"
            }]},
            "description": "A few questions",
            "for": {"reference": "Patient/r-17"},
            "authoredOn": "2026-03-02",
            "requester": {"display": "PreventioJyrää"},
            "owner": {"reference": "Patient/r-17"},
            "note": [{"text": "Please answer."}, {"text": communication::DISCLAIMER}],
            "restriction": {"period": {"end": "2026-05-01"}},
            "input": [{
                "type": {"coding": [{
                    "system": "http://hl7.org/fhir/uv/sdc/CodeSystem/temp",
                    "code": "questionnaire",
                    "display": "Questionnaire"
                }]},
                "valueCanonical": "#form"
            }]
        })
    );
    let contact = asked(&TO_CONTACT);
    assert_eq!(contact["code"]["coding"][0]["code"], "contact");
    assert_eq!(
        [&contact["input"], &contact["contained"]],
        [&Value::Null; 2]
    );
}

#[test]
fn messages_and_tasks_read_back_unchanged_in_the_typed_models() {
    for content in [ASKED, TO_ORDER] {
        let bytes = communication(&content).expect("the content is sound");
        let read: Communication = serde_json::from_slice(&bytes).expect("the models read it");
        let built = communication::built(&content).expect("the content is sound");
        assert_eq!(read, built);
        let again = serde_json::to_value(&read).expect("a resource is JSON");
        assert_eq!(again, said(&content));
    }
    for content in [TO_FILL_IN, TO_CONTACT] {
        let bytes = task(&content).expect("the content is sound");
        let read: Task = serde_json::from_slice(&bytes).expect("the models read it");
        let built = task::built(&content).expect("the content is sound");
        assert_eq!(read, built);
        let again = serde_json::to_value(&read).expect("a resource is JSON");
        assert_eq!(again, asked(&content));
    }
}

#[test]
fn what_is_missing_or_odd_in_a_message_is_refused_by_name() {
    let group = [Recipient::Reference("Medication/r-17")];
    let with = |form| CommunicationContent {
        form: Some(form),
        ..ASKED
    };
    let question = |link_id, text, answer| QuestionContent {
        link_id,
        code: RELATIVES,
        text,
        answer,
    };
    let number = |unit| AnswerContent::Number { unit };
    let questions = [
        [question("r 17", "Waist?", number("cm"))],
        [question("waist", " ", number("cm"))],
        [question("waist", "Waist?", number("c m"))],
        [question("waist", "Waist?", AnswerContent::OneOf(&[]))],
    ];
    let form = |n: usize| FormContent {
        questions: &questions[n],
        ..FORM
    };
    for (content, field) in [
        (
            CommunicationContent {
                resident: "r-17",
                ..ASKED
            },
            "`resident`",
        ),
        (
            CommunicationContent {
                recipients: &[],
                ..ASKED
            },
            "`recipients`",
        ),
        (
            CommunicationContent {
                recipients: &group,
                ..ASKED
            },
            "`recipients`",
        ),
        (
            CommunicationContent {
                subject: " ",
                ..ASKED
            },
            "`subject`",
        ),
        (
            CommunicationContent {
                text: "r-17\u{7}",
                ..ASKED
            },
            "`text`",
        ),
        (
            CommunicationContent {
                language: "",
                ..ASKED
            },
            "`language`",
        ),
        (
            CommunicationContent {
                sent_on: "2026-02-30",
                ..ASKED
            },
            "`sent_on`",
        ),
        (
            with(FormContent {
                questions: &[],
                ..FORM
            }),
            "`form.questions`",
        ),
        (
            with(FormContent {
                address: "r 17",
                ..FORM
            }),
            "`form.address`",
        ),
        (
            with(FormContent {
                version: "",
                ..FORM
            }),
            "`form.version`",
        ),
        (with(FormContent { title: "", ..FORM }), "`form.title`"),
        (with(form(0)), "`form.link_id`"),
        (with(form(1)), "`form.text`"),
        (with(form(2)), "`form.unit`"),
        (with(form(3)), "`form.answers`"),
    ] {
        let refused = communication(&content).expect_err(field).to_string();
        assert!(refused.contains(field), "{refused}");
        assert!(!refused.contains("17"), "{refused}");
    }
}

#[test]
fn what_is_missing_or_odd_in_a_task_is_refused_by_name() {
    let group = Recipient::Reference("Group/r-17");
    for (content, field) in [
        (
            TaskContent {
                resident: "Group/r-17",
                ..TO_CONTACT
            },
            "`resident`",
        ),
        (
            TaskContent {
                owner: group,
                ..TO_CONTACT
            },
            "`owner`",
        ),
        (
            TaskContent {
                subject: "",
                ..TO_CONTACT
            },
            "`subject`",
        ),
        (
            TaskContent {
                text: "",
                ..TO_CONTACT
            },
            "`text`",
        ),
        (
            TaskContent {
                language: "e n",
                ..TO_CONTACT
            },
            "`language`",
        ),
        (
            TaskContent {
                written_on: "yesterday",
                ..TO_CONTACT
            },
            "`written_on`",
        ),
        (
            TaskContent {
                due: "2026-3-1",
                ..TO_CONTACT
            },
            "`due`",
        ),
    ] {
        let refused = task(&content).expect_err(field).to_string();
        assert!(refused.contains(field), "{refused}");
        assert!(!refused.contains("17"), "{refused}");
    }
}
