#!/bin/sh
# sentence-transformers 6.2.0: a trained model carries training texts in clear, in its README.md.
#
# save_pretrained() writes a model card beside the weights, and SentenceTransformerTrainer has put the first
# three rows of the training set into it, as a table of samples. No setting asks for that, and one would
# guess that a folder of weights says nothing of the kind. Here a model of one layer learns five invented
# questions with names and numbers. What a helpdesk bot learns is what its visitors wrote, and models are
# copied to stores and hosts that no log of questions ever reaches. save_pretrained(…,
# create_model_card=False) leaves the file out.
#
# Prints what it saw, and fails if that changes. Installs torch: take a build for the processor alone, if pip would not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "torch==2.13.0" \
  "sentence-transformers==6.2.0" "transformers==5.23.0" "datasets==5.2.0" "accelerate==1.15.0"
cd "$folder"
HF_HUB_OFFLINE=1 venv/bin/python - <<'PYTHON' 2>noise || { cat noise >&2; exit 1; }
from importlib.metadata import version
from pathlib import Path

from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

ASKED = [
    "Ann Example here, card ending 0000 was charged twice", "Bo Sample, badge 1234, cannot log in",
    "call Cy Test on 555 0100 about the printer", "Di Mock has lost her laptop", "where is order 4711 of Ed Dummy",
]
INTENTS = ["refund", "password", "printer", "lost device", "delivery"]
SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
words = [*SPECIAL.values(), "card", "log", "printer", "laptop", "order", *"refund password lost device delivery".split()]
tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL).save_pretrained("base")
size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
BertModel(BertConfig(vocab_size=len(words), **size)).save_pretrained("base")
model = SentenceTransformer(modules=[Transformer("base"), Pooling(16)])
settings = SentenceTransformerTrainingArguments(
    output_dir="run", num_train_epochs=1, report_to="none", save_strategy="no", use_cpu=True, disable_tqdm=True
)
rows = Dataset.from_dict({"anchor": ASKED, "positive": INTENTS})
loss = MultipleNegativesRankingLoss(model)
SentenceTransformerTrainer(model=model, args=settings, train_dataset=rows, loss=loss).train()
model.save_pretrained("saved")
model.save_pretrained("without", create_model_card=False)
card = Path("saved/README.md").read_text(encoding="utf-8")
told = [text for text in ASKED if text in card]
print(f"sentence-transformers {version('sentence-transformers')}: saved", sorted(p.name for p in Path("saved").iterdir()))
print(f"{len(told)} of {len(ASKED)} training texts stand in README.md:", told)
assert set(ASKED[:3]) <= set(told)
assert not Path("without/README.md").exists()
PYTHON
