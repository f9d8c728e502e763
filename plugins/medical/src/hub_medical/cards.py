"""What the plugin says in the model cards of its further tasks, and the licences of their data."""

from __future__ import annotations

from hub.contract import CardText, Licence

SYMPTOMS_LICENCE = Licence(
    id="Apache-2.0",
    name="Apache License 2.0",
    url="https://huggingface.co/datasets/gretelai/symptom_to_diagnosis",
    notice="Trained on the data set symptom_to_diagnosis, published by Gretel under the Apache License 2.0.",
)

NCBI_LICENCE = Licence(
    id="CC-BY-4.0",
    name="Creative Commons Attribution 4.0",
    url="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    notice=(
        "Trained on the NCBI disease corpus (Dogan, Leaman and Lu 2014, Journal of Biomedical Informatics 47), made at"
        " the US National Library of Medicine, in the tokenised form of MTL-Bioinformatics-2016 (Crichton, Pyysalo,"
        " Chiu and Korhonen 2017, BMC Bioinformatics 18:368), whose data is under CC BY 4.0, as collected in BLURB"
        " by BigBIO. The collection itself declares mixed licences."
    ),
)

CATEGORY_CARD = CardText(
    description=(
        "Names the three-character category of ICD-10-CM that a short English diagnosis belongs to, such as `K35`,"
        " acute appendicitis. It knows 1,587 of the 1,918 categories of the April 2026 release: those with at least"
        " five different titles and inclusion terms."
    ),
    intended_use=(
        "Suggesting where in the classification a person may start to look: show the three or five most probable"
        " categories, not one. Grouping lists of short diagnoses for counting when a person checks the result."
    ),
    out_of_scope=(
        "**This is not a medical device.** It must not be used to diagnose, treat or triage patients, or to decide"
        " about care or insurance. **It does not assign codes**: a category is not a billable code, and coding,"
        " billing and official statistics need a qualified human coder. It is not made for clinical notes, for texts"
        " with several diagnoses, for languages other than English, or for other editions than ICD-10-CM."
    ),
    limits=(
        "- **331 categories are missing.** A diagnosis of theirs gets a category, and a wrong one; nothing warns of"
        " it but a low probability.\n"
        "- **The measure flatters.** Terms are held out inside each category, and many code titles differ from a"
        " learnt one by a side, a degree or a trimester only. Expect less on the words of your own hospital, and"
        " measure it there.\n"
        "- **Few rows a label.** A category has 18 different terms in the middle, some five, and one to twelve test"
        " rows: scores of a single category mean little. The mean over all of them is what to look at; the"
        " hierarchical F1 tells whether wrong answers are near or far.\n"
        "- **Terms, not clinical notes**: abbreviations, misspellings, negations and histories are mostly unknown"
        " to it.\n"
        "- **It always answers**; only the abstention threshold stands against texts that are no diagnosis.\n"
        "- **No row is about a real patient**, so nothing is known about differences between groups of patients.\n"
        "- **It ages.** ICD-10-CM is updated every October and often in April."
    ),
    tags=("medical", "icd-10-cm", "diagnosis"),
)

NOTE_CARD = CardText(
    description=(
        "Sorts medical texts by what they are about. The labels are those of the rows it was trained on. With the"
        " data set named in the hub they are 22 conditions, described by short texts in the first person about"
        " symptoms; with your own files they are yours."
    ),
    intended_use=(
        "Routing abstracts, letters or messages by topic when labelled rows of exactly that kind of text were used"
        " to train it, with a person behind every decision."
    ),
    out_of_scope=(
        "**This is not a medical device.** A condition as label is the name of a pile of texts, not a finding: it"
        " must not be used to diagnose, to triage or to advise anybody about symptoms."
    ),
    limits=(
        "- **The data set on the Hub is small and clean** (853 training and 212 test rows, written for the purpose,"
        " many alike). High scores on it say little about real messages.\n"
        "- Long texts are read from their beginning only; the recipe's `max_length` says how far.\n"
        "- Texts about several topics get one label.\n"
        "- It always answers; only the abstention threshold stands against texts about something else."
    ),
    tags=("medical", "topic"),
)

DISEASE_CARD = CardText(
    description=(
        "Marks mentions of diseases in English biomedical sentences. Trained on the NCBI disease corpus: titles and"
        " abstracts of PubMed, annotated by hand, unless it was built from your own files."
    ),
    intended_use="Finding disease names in abstracts and articles for search, indexing or review by a person.",
    out_of_scope=(
        "**This is not a medical device.** It finds words, not findings: it does not know whether a patient has the"
        " disease. It is not made for clinical notes, which are written otherwise, nor for removing personal data."
    ),
    limits=(
        "- **Abstracts, not notes.** Abbreviations, negations and headings of clinical notes are unknown to it.\n"
        "- One type of entity, `Disease`; it does not link mentions to a vocabulary.\n"
        "- The corpus annotates modifiers too (`breast cancer families`), and annotators differ at the edges of"
        " long names: part of the measured error is disagreement.\n"
        "- A sentence is read to the recipe's `max_length`; mentions behind it are not found."
    ),
    tags=("medical", "biomedical", "disease", "ner"),
)
