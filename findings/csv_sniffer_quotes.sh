#!/bin/sh
# Python's csv.Sniffer: a dialect guessed from the beginning of a file loses rows at the first doubled quote.
#
# One hands Sniffer the first kilobyte, as its documentation does, to learn the delimiter. The dialect also
# carries a guess at doubled quotes: no "" in the sample, so doublequote=False. The reader then takes a
# later "" in a quoted cell for the end of the cell, without an error. In this FAQ of 61 lines, written by
# csv.writer itself, the answer that says what “pending” means comes out in four cells. Take only
# `delimiter` from the sniffed dialect. Seen with Python 3.10 to 3.13 (nothing is installed). FAQs are CSV
# files of quoted sentences, and quotations come late in them.
#
# Prints what it saw, and fails if that changes.
set -eu
python3 - <<'PYTHON'
import csv
import io
import platform

rows = [["question", "answer"]]
rows += [[f"How do I order item {n}, please?", f"Open the shop, pick {n}."] for n in range(60)]
rows += [['What does "pending" mean, please?', 'It means "in work", soon.']]
stream = io.StringIO(newline="")
csv.writer(stream).writerows(rows)
text = stream.getvalue()
dialect = csv.Sniffer().sniff(text[:1024])
sniffed = list(csv.reader(io.StringIO(text, newline=""), dialect))
by_delimiter = list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter))
print(f"Python {platform.python_version()}: delimiter {dialect.delimiter!r}, doublequote {bool(dialect.doublequote)}")
print("last row with the sniffed dialect:", sniffed[-1])
print("with its delimiter alone:", by_delimiter[-1])
assert dialect.delimiter == "," and not dialect.doublequote
assert by_delimiter == rows and sniffed[:-1] == rows[:-1] and len(sniffed[-1]) == 4
PYTHON
