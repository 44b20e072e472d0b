"""HL7 v2 messages that the program hands over, read by somebody else's grammar: hl7apy, strictly, as version 2.5.1.

A made-up city is screened once, and its laboratory orders leave as files. Each is parsed and validated by hl7apy, which shares
nothing with the program, and looked at field by field; so is the check itself, with a message that it must not accept.
What this cannot prove: that a laboratory's own profile of OML^O21 asks for nothing more.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message

program = sys.argv[1]
TODAY = "2026-01-15"
CONFIG = """
[site]
trial = true
today = {today}

[legal_basis]
reference = "trial without people"
valid_from = 2026-01-01
valid_until = 2026-12-31

[channel.laboratory]
way = "hl7v2"
source = "export"

[channel.laboratory.hl7v2]
folder = "{folder}/out"
kept = "{folder}/kept"
sending_application = "PREVENTIO"
sending_facility = "HELSINKI"
receiving_application = "LAB"
receiving_facility = "HUS"
patient_authority = "APOTTI"
"""


def runs(*words):
    said = subprocess.run([program, *words], capture_output=True, text=True)
    if said.returncode != 0:
        sys.exit(f"{' '.join(words)}:\n{said.stdout}{said.stderr}")
    return said.stdout


def parsed(text):
    return parse_message(text, validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)


with tempfile.TemporaryDirectory() as folder:
    for name in ("out", "kept"):
        os.mkdir(os.path.join(folder, name))
    config = os.path.join(folder, "preventio.toml")
    with open(config, "w") as file:
        file.write(CONFIG.format(today=TODAY, folder=folder))
    data = os.path.join(folder, "data")
    runs("standin", "export", "--residents", "1500", "--seed", "4", "--as-of", TODAY, "--out", os.path.join(folder, "export"))
    runs("pull", "--from", os.path.join(folder, "export"), "--source", "export", "--data", data)
    acted = json.loads(runs("run", "--act", "--data", data, "--config", config, "--json"))["act"]
    report = json.loads(runs("dispatch", "--once", "--data", data, "--config", config, "--json"))
    files = sorted(glob.glob(os.path.join(folder, "out", "*.hl7")))
    assert files and len(files) == report["handed_over"], (len(files), report)

    numbers = set()
    for path in files:
        with open(path, newline="", encoding="utf-8") as file:
            text = file.read()
        message = parsed(text)
        assert message.validate(), path
        head = message.msh
        assert head.msh_9.to_er7() == "OML^O21^OML_O21" and head.msh_12.to_er7() == "2.5.1" and head.msh_11.to_er7() == "T"
        assert head.msh_10.to_er7() + ".hl7" == os.path.basename(path)
        patient = message.oml_o21_patient.pid
        assert patient.pid_3.cx_1.to_er7() and patient.pid_3.cx_4.to_er7() == "APOTTI", patient.to_er7()
        order = message.oml_o21_order
        assert order.orc.orc_1.to_er7() == "NW"
        request = order.oml_o21_observation_request.obr
        assert request.obr_2.to_er7() == order.orc.orc_2.to_er7() == head.msh_10.to_er7()
        code, name, system = (part.to_er7() for part in (request.obr_4.ce_1, request.obr_4.ce_2, request.obr_4.ce_3))
        assert (code, system) in {("6128", "99KUN"), ("1468", "99KUN")} and name, request.to_er7()
        numbers.add(head.msh_10.to_er7())
    assert len(numbers) == len(files)
    # A grammar that accepts anything would prove nothing.
    try:
        refused = not parsed(text.replace("\rORC|", "\rXYZ|", 1)).validate()
    except HL7apyException:
        refused = True
    assert refused, "hl7apy accepts an unknown segment"
    print(f"{len(files)} HL7 v2 orders are OML^O21 by hl7apy's grammar")
