"""Phrases of clinical English that say the same: abbreviations, and everyday words for learned ones."""

from __future__ import annotations

import random

from hub.contract import swap_phrases

ABBREVIATIONS = (
    ("AAA", "abdominal aortic aneurysm"),
    ("AF", "atrial fibrillation"),
    ("AKI", "acute kidney injury"),
    ("ALS", "amyotrophic lateral sclerosis"),
    ("ARDS", "acute respiratory distress syndrome"),
    ("BPH", "benign prostatic hyperplasia"),
    ("CAD", "coronary artery disease"),
    ("CHF", "congestive heart failure"),
    ("CKD", "chronic kidney disease"),
    ("COPD", "chronic obstructive pulmonary disease"),
    ("CVA", "cerebrovascular accident"),
    ("DVT", "deep vein thrombosis"),
    ("ESRD", "end-stage renal disease"),
    ("GERD", "gastro-esophageal reflux disease"),
    ("GI", "gastrointestinal"),
    ("HIV", "human immunodeficiency virus"),
    ("IBS", "irritable bowel syndrome"),
    ("MI", "myocardial infarction"),
    ("MS", "multiple sclerosis"),
    ("OCD", "obsessive-compulsive disorder"),
    ("PCOS", "polycystic ovarian syndrome"),
    ("PE", "pulmonary embolism"),
    ("PTSD", "post-traumatic stress disorder"),
    ("RSV", "respiratory syncytial virus"),
    ("SLE", "systemic lupus erythematosus"),
    ("TB", "tuberculosis"),
    ("TBI", "traumatic brain injury"),
    ("TIA", "transient ischemic attack"),
    ("UTI", "urinary tract infection"),
)
"""As clinical notes commonly use them. Each has other readings too: in a note it is the text around it that tells."""

SYNONYMS = (
    ("hypertension", "high blood pressure"),
    ("hypotension", "low blood pressure"),
    ("hyperglycemia", "high blood sugar"),
    ("hypoglycemia", "low blood sugar"),
    ("pyrexia", "fever"),
    ("dyspnea", "shortness of breath"),
    ("dysphagia", "difficulty swallowing"),
    ("pruritus", "itching"),
    ("edema", "swelling"),
    ("myocardial infarction", "heart attack"),
    ("epistaxis", "nosebleed"),
    ("varicella", "chickenpox"),
    ("pertussis", "whooping cough"),
    ("rubeola", "measles"),
    ("herpes zoster", "shingles"),
    ("alopecia", "hair loss"),
    ("neoplasm", "tumor"),
    ("kidney stone", "renal calculus"),
    ("gallstone", "biliary calculus"),
    ("urticaria", "hives"),
    ("syncope", "fainting"),
    ("hemorrhage", "bleeding"),
    ("contusion", "bruise"),
    ("renal failure", "kidney failure"),
    ("hepatic failure", "liver failure"),
    ("cardiac arrest", "heart arrest"),
    ("malignant neoplasm", "cancer"),
)


def abbreviate(text: str, draw: random.Random) -> str:
    """Write abbreviations out and abbreviate what is written out, `hub.contract.swap_phrases`."""
    return swap_phrases(text, ABBREVIATIONS, draw)


def reword(text: str, draw: random.Random) -> str:
    """Put everyday words for learned ones and the other way round."""
    return swap_phrases(text, SYNONYMS, draw)
