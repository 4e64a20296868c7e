"""The parts of a plain BERT, such as MiniLM, BGE and E5, that trainer and export rely on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def is_plain(model: "SentenceTransformer") -> bool:
    """Return whether `model` is a BERT without its relatives' peculiarities, pooled by mean or
    first token.
    """
    kinds = [type(module).__name__ for module in model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return False
    config = inner(model).config
    return (
        config.model_type == "bert"
        and config.hidden_act == "gelu"
        and getattr(config, "position_embedding_type", None) in (None, "absolute")
        and pooling(model) in ("mean", "cls")
    )


def inner(model: "SentenceTransformer") -> Any:
    """Return the `transformers` model inside."""
    return model[0].model


def pooling(model: "SentenceTransformer") -> str:
    mode: Any = model[1].pooling_mode
    return str(mode[0] if isinstance(mode, (list, tuple)) and len(mode) == 1 else mode)


def run_layers(layers: Iterable[Any], hidden: Tensor, mask: Tensor) -> Tensor:
    """Send the tokens of some texts through BERT layers, without dropout.

    `hidden` is (tokens, hidden), one text after the other. `mask` is True where the texts have
    tokens, (texts, longest); only attention is padded to it.
    """
    places = _places(mask)
    for layer in layers:
        attention, output = layer.attention, layer.attention.output
        heads = (*mask.shape, attention.self.num_attention_heads, -1)
        query, key, value = (
            _spread(part(hidden), mask, places).view(heads).transpose(1, 2)
            for part in (attention.self.query, attention.self.key, attention.self.value)
        )
        # Flash attention is for long texts: backwards, it takes half of a training on short ones.
        with sdpa_kernel(SDPBackend.MATH):
            seen = functional.scaled_dot_product_attention(
                query, key, value, attn_mask=mask[:, None, None, :]
            )
        joined = seen.transpose(1, 2).reshape(mask.numel(), -1)[places]
        hidden = output.LayerNorm(output.dense(joined) + hidden)
        widened = functional.gelu(layer.intermediate.dense(hidden))
        hidden = layer.output.LayerNorm(layer.output.dense(widened) + hidden)
    return hidden


def pool(hidden: Tensor, mask: Tensor, how: str) -> Tensor:
    """Return one float32 vector a text, (texts, hidden): the mean of its tokens, or the first.

    `hidden` and `mask` are as in `run_layers`.
    """
    padded = _spread(hidden.float(), mask, _places(mask))
    return padded[:, 0] if how == "cls" else padded.sum(dim=1) / mask.sum(dim=1, keepdim=True)


def _places(mask: Tensor) -> Tensor:
    """Return the places of the tokens in the flattened `mask`, (tokens)."""
    return mask.flatten().nonzero().squeeze(1)


def _spread(tokens: Tensor, mask: Tensor, places: Tensor) -> Tensor:
    """(texts, longest, hidden) of (tokens, hidden), with 0 where there is padding."""
    padded = tokens.new_zeros(mask.numel(), tokens.shape[1]).index_copy(0, places, tokens)
    return padded.view(*mask.shape, -1)
