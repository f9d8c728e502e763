"""What the medical plugin says in model cards, and the licence of its data."""

from __future__ import annotations

from hub.contract import CardText, Licence

ICD10_LICENCE = Licence(
    id="other",
    name="ICD-10-CM: public domain in the United States; ICD-10: copyright of the World Health Organization",
    url="https://www.cdc.gov/nchs/icd/icd-10-cm/",
    notice=(
        "Trained on titles and inclusion terms of the International Classification of Diseases, Tenth Revision,"
        " Clinical Modification (ICD-10-CM), April 2026. ICD-10-CM is made by the National Center for Health"
        " Statistics (NCHS) and published by NCHS and the Centers for Medicare & Medicaid Services (CMS), agencies"
        " of the United States government; such works are in the public domain in the United States. ICD-10-CM is"
        " based on ICD-10, which is copyright of the World Health Organization (WHO); WHO has authorized this"
        " adaptation for United States government purposes. Other uses, and uses outside the United States, may"
        " need permission from WHO. Neither NCHS, CMS nor WHO has reviewed or endorsed this model. The data was"
        " read from the Python package simple-icd-10-cm, copyright (c) 2021-2026 Stefano Travasci, MIT License."
    ),
)

ICD10_CARD = CardText(
    description=(
        "Names the chapter of ICD-10-CM, the clinical modification of ICD-10 used in the United States, that a short"
        " English diagnosis belongs to: one of 21 chapters such as `K00-K95`, diseases of the digestive system. It was"
        " trained on the code titles and inclusion terms of the April 2026 release (the notes on the data name the"
        " release that was read). The chapter for special purposes (`U00-U85`, five codes) is left out."
    ),
    intended_use=(
        "Sorting and searching short diagnosis phrases: routing lists of terms to the right reviewer, grouping"
        " free-text problem lists for counting, suggesting where in the classification a person may start to look,"
        " and as a worked example of building a small model. A person checks every result that anything depends"
        " on; the model's probability and its abstention threshold help to decide which results to check first."
    ),
    out_of_scope=(
        "**This is not a medical device.** It must not be used to diagnose, treat or triage patients, or to"
        " decide about care or insurance. It does not assign codes: do not use it for clinical coding, billing or"
        " official statistics without a qualified human coder. It is not made for clinical notes, letters or"
        " reports, for texts with several diagnoses, for languages other than English, or for other editions"
        " (ICD-10 of WHO, ICD-10-GM, ICD-10-AM, ICD-11), whose chapters and codes differ."
    ),
    limits=(
        "- **Terms, not clinical notes.** It has seen the wording of a classification. Abbreviations,"
        ' misspellings, negations ("no sign of pneumonia"), histories ("status post") and local jargon are mostly'
        " unknown to it.\n"
        "- **Measured on two slices**, both reported: `unseen-categories`, terms of three-character categories"
        " that training never saw, chapter by chapter, and `known-codes`, inclusion terms whose code's title"
        " training did see. Neither says how well it does on the words of your own hospital: measure that on your"
        " own labelled rows.\n"
        "- **Chapters overlap in meaning.** Where a code belongs follows rules of the classification (pregnancy,"
        " the newborn period, injuries, neoplasms and symptoms take terms away from the chapter of the organ). A"
        " term that leaves the circumstances out can be right in several chapters; the model names one.\n"
        "- **Chapters differ in size.** Injuries have many times the terms of diseases of the blood; see the"
        " scores of each chapter, not only the mean.\n"
        "- **It always answers.** A text that is no diagnosis gets a chapter too; only the abstention threshold"
        " stands against that.\n"
        "- **No row is about a real patient**, so nothing is known about differences between groups of"
        " patients.\n"
        "- **It ages.** ICD-10-CM is updated every October and often in April; new terms need a new build."
    ),
    language="en",
    tags=("medical", "icd-10-cm", "diagnosis"),
)
