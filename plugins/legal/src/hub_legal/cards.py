"""What the legal plugin says in model cards."""

from __future__ import annotations

from hub.contract import CardText

LICENCE_CATEGORY = CardText(
    description=(
        "Names the category of a software, data or content licence from its text: one of six, such as `Permissive` or"
        " `Copyleft`. It was trained on 646 different texts of the SPDX licence list; the categories are those of"
        " ScanCode LicenseDB."
    ),
    intended_use=(
        "A first sorting of licence texts that no scanner knows, so that a person reads the risky ones first. Texts"
        " that are known belong to a scanner, which finds them exactly."
    ),
    out_of_scope=(
        "**This is not legal advice.** It does not say whether a licence is valid, what it allows, or whether two"
        " licences go together. Not for contracts, terms of service or privacy policies, nor for single clauses or"
        " licence names without their text. Not for detecting which licence a file has."
    ),
    limits=(
        "- **A small set with unequal labels:** six in ten texts are permissive; `Free Restricted` and"
        " `Source-available` have two or three test rows. One text more or less moves their scores by a third; read"
        " the intervals and the scores of each label.\n"
        "- **Whole families are held out** (all GPL versions and variants together, all of Creative Commons, all of"
        " BSD), so that the scores are about licences of a new kind. A new version of a known licence is easier.\n"
        "- **Long documents.** Half of the texts have more than 320 words, a tenth more than 2,800. A text"
        " is read in windows of 256 or 512 tokens (the recipe says which) whose scores are averaged, so that one"
        " telling sentence counts less in a long text; what stands beyond the 64th window is not read.\n"
        "- **The categories are one database's judgement.** Its editors decide case by case; `Copyleft` and `Copyleft"
        " Limited` differ in scope, which may hang on one sentence.\n"
        "- **Mostly English.** A few texts are German or French; the base model reads English.\n"
        "- **Left out:** commercial, other proprietary and unstated licences: too few texts. Such a text gets one of"
        " the six labels all the same; only the abstention threshold stands against that."
    ),
    tags=("legal", "software-licence", "spdx"),
)

UNFAIR_TERMS = CardText(
    description=(
        "Names the kinds of potentially unfair clause in a sentence of online terms of service: any number of eight,"
        " such as `Arbitration` or `Unilateral change`, or none. With your own rows, your own kinds."
    ),
    intended_use=(
        "Pointing a reader to the sentences of a long document that deserve a look. Missing one costs more than a look"
        " in vain: F2 and the recall of each clause are reported, and thresholds can be lowered."
    ),
    out_of_scope=(
        "**This is not legal advice**, and no clause is unfair because a model says so: that is for courts. Not for"
        " other kinds of contract, for other languages, or to show that a document has no unfair clause."
    ),
    limits=(
        "- **European consumer law, 50 platforms, English, before 2019.** Whether a clause may be unfair was judged"
        " under Directive 93/13/EEC; other law differs.\n"
        "- **Nine in ten sentences have no such clause**, so that accuracy and every figure that counts the empty class"
        " flatter. The headline does not count it.\n"
        "- **Figures of LexGLUE are not comparable:** they count the empty class, and the published script takes that"
        " class of the prediction from the truth.\n"
        "- **Sentences without their context.** A clause may be fair or not because of its neighbours.\n"
        "- **Standard phrases repeat** between documents, also across the published splits; see the cleaning report."
    ),
    tags=("legal", "terms-of-service", "multi-label"),
)

PRIVACY_PRACTICE = CardText(
    description=(
        "Names the practice that a sentence of a privacy policy states: collection and use, sharing, storage and"
        " deletion, or protection of data, or none of these. It has no data of its own: it is built from your rows,"
        " and its labels are theirs. PolicyIE (Ahmad et al. 2021; in JFChi/PLUE under the MIT License) has rows of"
        " this form."
    ),
    intended_use="Finding the sentences of long policies that answer a question; a person reads them.",
    out_of_scope=(
        "**This is not legal advice.** It does not say whether a practice is lawful, complete or followed. Not for"
        " other languages, nor for policies of another kind than your rows."
    ),
    limits=(
        "- **What a policy says is not what is done.**\n"
        "- **One practice a sentence:** real sentences state several; the model names one.\n"
        "- **Two in three sentences of such policies state none of the practices:** read macro F1, not accuracy.\n"
        "- **Keep a policy's sentences in one split** (`data.group`), or repeated phrases will flatter the scores."
    ),
    tags=("legal", "privacy-policy"),
)
