"""The errors that answer a request instead of data: the whole tree on one page.

Problems that the caller of a command has to correct are data (`userErrors`); these are the other errors.  Codes are
stable, sentences are in the language of the request, and none contains a stored value or one that was sent.
Test: tests/test_errors.py.
"""

from __future__ import annotations

from typing import Any

from registry.codes.messages import UserErrorCode, sentence


class RequestError(Exception):
    """Not a GraphQL request: not JSON, without a document, or for an operation that is not in it.

    `code` is public; `extensions` go beside it; `status` is the HTTP status if nothing was executed."""

    code, status = "BAD_REQUEST", 400
    retry_after: int | None = None  # seconds

    def __init__(self, label_id: str, label_en: str, **extensions: Any) -> None:
        super().__init__(label_en)
        self.label_id, self.label_en, self.extensions = label_id, label_en, extensions


class NulRefused(RequestError):
    """A NUL character, which PostgreSQL cannot store in a text."""


def nul_refused() -> NulRefused:
    """The refusal of a NUL character."""
    return NulRefused("Karakter NUL tidak diterima.", "NUL characters are refused.")


class BadInput(RequestError):
    """A value that means nothing here: another list's cursor, an unknown region code, a null that must be left out."""

    code = "BAD_USER_INPUT"


def no_such_region(successors: list[str]) -> BadInput:
    """A region code that never existed, or that is no longer one region of its level.

    `successors` are today's codes: one if a village became a region of another level, several if it was split."""
    if not successors:
        unknown = UserErrorCode.REGION_UNKNOWN
        return BadInput(sentence(unknown, "id"), sentence(unknown, "en"), successors=[])
    if len(successors) == 1:
        (successor,) = successors
        return BadInput(
            f"Kode desa ini kini wilayah {successor}, bukan desa.",
            f"The village of this code is now the region {successor}, which is not a village.",
            successors=successors,
        )
    code, codes = UserErrorCode.REGION_CODE_AMBIGUOUS, ", ".join(successors)
    return BadInput(sentence(code, "id", codes=codes), sentence(code, "en", codes=codes), successors=successors)


def no_such_month() -> BadInput:
    """A year or a day where a month is asked for."""
    return BadInput("Tulis bulannya, misalnya `2026-10`.", "Write the month, such as `2026-10`.")


class PersistedQueryNotFound(RequestError):
    """A document was requested by its hash alone, and is not in the cache: send its text with the hash, once."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__(
            "Dokumen ini belum dikenal di sini; kirim teksnya juga.",
            "This document is not known here; send its text too.",
        )


class OperationNotRegistered(RequestError):
    """A service account asked for what is not among its registered operations; it was neither parsed nor run."""

    code = "OPERATION_NOT_REGISTERED"

    def __init__(self) -> None:
        super().__init__(
            "Operasi ini tidak terdaftar untuk akun layanan; daftarkan dengan `desmigratif service operations`.",
            "This operation is not registered for this service account; `desmigratif service operations` registers it.",
        )


class PageTooLarge(RequestError):
    """A page of more than 1,000 rows; refused, because a page that was cut would look like the end of the list."""

    code = "PAGE_TOO_LARGE"

    def __init__(self, limit: int, requested: int) -> None:
        super().__init__(
            f"Halaman paling besar {limit} baris; minta lebih sedikit dan lanjutkan dengan `after`.",
            f"A page has {limit} rows at most; ask for fewer and go on with `after`.",
            limit=limit,
            requested=requested,
        )


class QueryTooComplex(RequestError):
    """More than one request may ask for; `dimension` is the name of a limit in schema/limits.py."""

    code = "QUERY_TOO_COMPLEX"

    def __init__(self, dimension: str, limit: int, requested: int) -> None:
        super().__init__(
            f"Permintaan terlalu besar ({dimension}: {requested}, paling banyak {limit}); bagi menjadi beberapa.",
            f"This asks for too much ({dimension}: {requested}, at most {limit}); split it.",
            dimension=dimension,
            limit=limit,
            requested=requested,
        )


class PasswordChangeRequired(RequestError):
    """Somebody else knows the caller's password: everything but `changePassword` is refused."""

    code, status = "PASSWORD_CHANGE_REQUIRED", 403

    def __init__(self) -> None:
        super().__init__(
            "Ganti dulu kata sandi sementara Anda dengan `changePassword`.",
            "Change your temporary password by `changePassword` first.",
        )


class SecondFactorRequired(RequestError):
    """A grant of the caller opens records only to callers who have shown a second factor."""

    code, status = "SECOND_FACTOR_REQUIRED", 403

    def __init__(self) -> None:
        super().__init__(
            "Pasang dulu verifikasi dua langkah dengan `enrolTotp` dan `confirmTotp`.",
            "Set up a second factor by `enrolTotp` and `confirmTotp` first.",
        )


class Timeout(RequestError):
    """A root field took too long: it is null (200) and the others stand; 503 if reading the caller's grants did."""

    code, status = "TIMEOUT", 503
    retry_after = 5

    def __init__(self) -> None:
        super().__init__(
            "Permintaan ini terlalu lama; persempit lalu coba lagi.", "This took too long; narrow it and try again."
        )


class NotFound(RequestError):
    """There is nothing at this address."""

    code, status = "NOT_FOUND", 404

    def __init__(self) -> None:
        super().__init__(
            "Tidak ada apa-apa di alamat ini; API ada di /graphql.",
            "There is nothing at this address; the API is at /graphql.",
        )


class MethodNotAllowed(RequestError):
    """Neither POST nor GET, or a command by GET."""

    code, status = "METHOD_NOT_ALLOWED", 405


class NotAcceptable(RequestError):
    """`Accept` names none of our media types."""

    code, status = "NOT_ACCEPTABLE", 406


class PayloadTooLarge(RequestError):
    """The body is larger than the setting `max_body_bytes`."""

    code, status = "PAYLOAD_TOO_LARGE", 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"Permintaan terlalu besar: paling banyak {limit} byte.",
            f"The request is too large: {limit} bytes at most.",
            limit=limit,
        )


class HeadTooLarge(RequestError):
    """The request line and headers are larger than the setting `max_head_bytes`, or there are over 100 headers."""

    code, status = "PAYLOAD_TOO_LARGE", 431

    def __init__(self, limit: int, unit: str) -> None:
        super().__init__(
            f"Kepala permintaan terlalu besar: paling banyak {limit} {unit}; kirim query lewat POST.",
            f"The head of the request is too large: {limit} {unit}s at most; send queries by POST.",
            limit=limit,
        )


class RequestTimeout(RequestError):
    """The request did not arrive completely in time."""

    code, status = "TIMEOUT", 408

    def __init__(self) -> None:
        super().__init__(
            "Permintaan tidak diterima lengkap pada waktunya; kirim lagi.",
            "The request did not arrive whole in time; send it again.",
        )


class UnsupportedMediaType(RequestError):
    """A body whose `Content-Type` is not JSON."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class Overloaded(RequestError):
    """All connections are taken or the database is unreachable; send it again after `Retry-After`."""

    code, status = "OVERLOADED", 503
    retry_after = 5

    def __init__(self) -> None:
        super().__init__("Server sedang sibuk; coba lagi sebentar lagi.", "The server is busy; try again shortly.")
