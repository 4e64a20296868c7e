import time

import pytest

from chatbot.domain.noise.quoted import own_words

OWN = "I cannot open the north gate"
QUOTE = "> Please say how to cancel.\n> The north team"


@pytest.mark.parametrize(
    "introduction",
    [
        "On Mon, Nov 3, 2025 at 9:00 Desk <desk@example.org> wrote:",
        "On 3 Nov 2025, at 18:20, Desk\n<desk@example.org> wrote:",
        "Am 03.11.2025 um 09:00 schrieb Desk:",
        "Le lun. 3 nov. 2025 à 09:00, Desk <desk@example.org> a écrit :",
        "El lun, 3 nov 2025 a las 9:00, Desk (<desk@example.org>) escribió:",
        "Il giorno lun 3 nov 2025 alle ore 09:00 Desk <desk@example.org> ha scritto:",
        "2025-11-03 9:00 GMT+01:00 Desk <desk@example.org> wrote:",
    ],
)
@pytest.mark.parametrize("quote", [QUOTE, "Please say how to cancel."])
def test_a_quoted_mail_goes_with_its_introduction(introduction: str, quote: str) -> None:
    assert own_words(f"{OWN}\n\n{introduction}\n{quote}") == OWN


@pytest.mark.parametrize(
    "separator",
    [
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "---------- Forwarded message ---------",
        "________________________________",
        "Begin forwarded message:",
        "From: Desk\nSent: Monday\nTo: Kim\nSubject: Gates",
        "Von: Desk\nGesendet: Montag\nAn: Kim\nBetreff: Tore",
    ],
)
def test_what_stands_below_a_separator_goes(separator: str) -> None:
    assert own_words(f"{OWN}\n\n{separator}\nPlease say how to cancel.") == OWN


def test_an_answer_below_its_quotation_stays() -> None:
    assert own_words(f"On 3 Nov 2025 at 9:00 Desk wrote:\n{QUOTE}\n\n{OWN}") == OWN
    assert own_words(f"{QUOTE}\n{OWN}") == OWN


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, Nov 3, 2025 at 9:00 Desk <desk@example.org> wrote: how do I cancel",
        "-----Original Message----- From: Desk how do I cancel",
    ],
)
def test_a_quotation_is_found_where_all_stands_on_one_line(quoted: str) -> None:
    assert own_words(f"{OWN} {quoted}") == OWN


@pytest.mark.parametrize(
    "lines",
    [
        "2025-11-03 09:12:01 INFO spooler up\n2025-11-03 09:12:02,117 WARN spooler down",
        "2025-11-03T09:12:01Z spooler up\n2025-11-03T09:12:02Z spooler down",
        "[09:12:01] spooler up\n[09:12:02] spooler down",
        "Nov  3 09:12:01 host spooler: up\nNov  3 09:12:02 host spooler: down",
        "ERROR: spooler down\nWARN: spooler slow",
        '{"level":"error","msg":"down"}\n{"level":"error","msg":"slow"}',
    ],
)
def test_lines_of_a_log_go_wherever_they_stand(lines: str) -> None:
    assert own_words(f"{OWN}\n{lines}") == OWN
    assert own_words(f"{lines}\n\n{OWN}") == OWN


@pytest.mark.parametrize(
    "trace",
    [
        "Traceback (most recent call last):\n"
        '  File "gate.py", line 4, in open\n    gate.lift()\n'
        '  File "lift.py", line 9, in lift\n    raise GateError("stuck")\nGateError: stuck',
        "java.lang.IllegalStateException: stuck\n\tat com.gate.Lift.up(Lift.java:9)\n"
        "\tat com.gate.Gate.open(Gate.java:4)\nCaused by: java.io.IOException: no power",
    ],
)
def test_a_stack_trace_goes(trace: str) -> None:
    assert own_words(f"{OWN}\n\n{trace}") == OWN
    assert own_words(f"{trace}\n{OWN}") == OWN


@pytest.mark.parametrize(
    "end",
    [
        "--\nKim North\nGates and Lifts\n555 0101",
        "Kind regards,\nKim",
        "Mit freundlichen Grüßen\nKim North\nTore GmbH",
        "Cordialement\nKim",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Get Outlook for Android",
        "Cheers\n\nSent from my phone",
        "This e-mail is confidential. If you are not the intended recipient, delete it.",
        "CONFIDENTIALITY NOTICE\nIf you received this by mistake, delete it.",
    ],
)
def test_a_signature_and_a_notice_go(end: str) -> None:
    assert own_words(f"{OWN}\n\n{end}") == OWN


@pytest.mark.parametrize(
    "text",
    [
        "my boss wrote: open the gate",
        "My boss wrote on Monday:\nopen the gate",
        "Regards the gate: it is stuck",
        "Best regards to the team.\nHow do I open the gate?",
        "Thanks\nand how do I open the gate?",
        "Subject: gate\nIt is stuck",
        "ERROR when I open the gate\nit is stuck",
        "09:00 every day the gate is stuck",
        "- it is stuck\n- it is loud\nwhat now?",
        "the gate > the wall",
        "this is confidential:\nthe gate is stuck",
        'File "gate.txt" is gone\nhow do I get it back?',
    ],
)
def test_what_only_looks_like_noise_stays(text: str) -> None:
    assert own_words(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "> how do I open the gate",
        "On 3 Nov 2025 at 9:00 Desk wrote:\nhow do I open the gate",
        "[09:12:01] gate up\n[09:12:02] gate down",
        "--\n--",
        "",
    ],
)
def test_if_nothing_is_left_all_stays(text: str) -> None:
    assert own_words(text) == text


@pytest.mark.parametrize(
    "part",
    ["1 ", "a\n", ">\n", "--\n", "wrote:\n", " On 1:00", "From: \n", "1 wrote", "at a\n", "\n at "],
)
def test_hostile_texts_take_no_longer_than_an_answer(part: str) -> None:
    text = part * (2000 // len(part)) + "\n"
    start = time.process_time()
    own_words(text)
    assert time.process_time() - start < 0.5
