"""Back-up and restoration of a centre: documents, attached files, register, keyrings.

An archive is one file, encrypted and authenticated under a passphrase, that can be copied anywhere: it never holds the
private half of an hour key (`beffroi.vault.ringcopy`). A restored centre shows no image until two persons have
reconciled it (`beffroi.gate.restored`). Design: docs/design/backup.md.
"""
