"""Read FAQ files: the folder format of `faq_data/`, one YAML file, or a CSV."""

from pathlib import Path

from chatbot.errors import InvalidCatalogue, Mistake
from chatbot.services.knowledge.catalogue_csv import CsvReader
from chatbot.services.knowledge.catalogue_draft import CatalogueDraft, Reader
from chatbot.services.knowledge.catalogue_yaml import FileReader, FolderReader

MAX_FILE_BYTES = 50_000_000
YAML_SUFFIXES = (".yaml", ".yml")


def read_catalogue_files(path: Path) -> CatalogueDraft:
    """Read a folder or file. Raises InvalidCatalogue with all its mistakes at once, each with its
    line.
    """
    if not path.exists():
        raise InvalidCatalogue([Mistake(str(path), 0, "there is no such file or folder")])
    if path.is_file() and path.stat().st_size > MAX_FILE_BYTES:
        reason = f"is larger than {MAX_FILE_BYTES // 1_000_000} MB"
        raise InvalidCatalogue([Mistake(path.name, 0, reason)])
    reader = _reader(path)
    draft = reader.read()
    if reader.mistakes:
        raise InvalidCatalogue(reader.mistakes)
    return draft


def _reader(path: Path) -> Reader:
    if path.is_dir():
        return FolderReader(path)
    return FileReader(path) if path.suffix.lower() in YAML_SUFFIXES else CsvReader(path)
