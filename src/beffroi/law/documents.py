"""What a document must contain: `validate(document)` before it may be proposed or confirmed."""

from beffroi.law.packs.fr.document_check import mandatory_fields, type_name, validate

__all__ = ["mandatory_fields", "type_name", "validate"]
