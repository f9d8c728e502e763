"""The chapters of ICD-10-CM, release April 2026, as labels: the code range is the id, the title the name."""

from __future__ import annotations

from hub.contract import Label

LEFT_OUT = "U00-U85"
"""Codes for special purposes: five codes, too few to learn from and to measure."""

LABELS = (
    Label("A00-B99", "Certain infectious and parasitic diseases"),
    Label("C00-D49", "Neoplasms"),
    Label(
        "D50-D89",
        "Diseases of the blood and blood-forming organs and certain disorders involving the immune mechanism",
    ),
    Label("E00-E89", "Endocrine, nutritional and metabolic diseases"),
    Label("F01-F99", "Mental, Behavioral and Neurodevelopmental disorders"),
    Label("G00-G99", "Diseases of the nervous system"),
    Label("H00-H59", "Diseases of the eye and adnexa"),
    Label("H60-H95", "Diseases of the ear and mastoid process"),
    Label("I00-I99", "Diseases of the circulatory system"),
    Label("J00-J99", "Diseases of the respiratory system"),
    Label("K00-K95", "Diseases of the digestive system"),
    Label("L00-L99", "Diseases of the skin and subcutaneous tissue"),
    Label("M00-M99", "Diseases of the musculoskeletal system and connective tissue"),
    Label("N00-N99", "Diseases of the genitourinary system"),
    Label("O00-O9A", "Pregnancy, childbirth and the puerperium"),
    Label("P00-P96", "Certain conditions originating in the perinatal period"),
    Label("Q00-QA0", "Congenital malformations, deformations and chromosomal abnormalities"),
    Label("R00-R99", "Symptoms, signs and abnormal clinical and laboratory findings, not elsewhere classified"),
    Label("S00-T88", "Injury, poisoning and certain other consequences of external causes"),
    Label("V00-Y99", "External causes of morbidity"),
    Label("Z00-Z99", "Factors influencing health status and contact with health services"),
)
"""In the order of the classification."""
