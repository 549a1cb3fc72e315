"""Code list of assistance (pillar 2)."""

from registry.codes.base import Code


class AssistanceType(Code):
    """What was given (jenis bantuan)."""

    TOOLS = "TOOLS", "Alat", "tools"
    CAPITAL = "CAPITAL", "Modal", "capital"
    MATERIALS = "MATERIALS", "Bahan", "materials"
    TRAINING = "TRAINING", "Pelatihan", "training"
    MENTORING = "MENTORING", "Pendampingan", "mentoring"
    SCHOLARSHIP = "SCHOLARSHIP", "Beasiswa", "scholarship"
