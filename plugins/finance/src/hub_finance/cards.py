"""What the finance plugin says in model cards."""

from __future__ import annotations

from hub.contract import CardText

MERCHANT_CATEGORY = CardText(
    description=(
        "Names the range of merchant category codes (ISO 18245) that a short English description of a merchant belongs"
        " to: one of 11 ranges such as `5600-5699`, clothing outlets. It was trained on about a thousand descriptions"
        " of some 300 codes, as the standard, the United States Department of Agriculture and five payment companies"
        " word them."
    ),
    intended_use=(
        "Sorting free-text descriptions of what merchants sell, pre-filling a form that a person completes, and as a"
        " worked example of building a small model from few rows. A person checks every result that anything depends"
        " on; the probability and its abstention threshold help to decide which ones first."
    ),
    out_of_scope=(
        "Not for assigning merchant category codes: acquirers assign them under the rules of the card schemes, and"
        " fees and taxes depend on them. Not for fraud detection, credit decisions or blocking payments. Not for the"
        " raw text of card statements (`SQ *JOES 0042 LDN`), merchant names and brands, nor for languages other than"
        " English."
    ),
    limits=(
        "- **A small set.** A label has from 9 to 65 codes, and its test rows describe 2 to 13 of them. One code more"
        " or less moves a label's score by many points; read the intervals, not the third decimal.\n"
        "- **Descriptions, not transactions.** It has seen the wording of lists. Nothing was measured on what"
        " customers or merchants write: measure that on your own labelled rows (`--data`).\n"
        "- **Every test row is about a code that training never saw**, so the scores ask for general knowledge. Several"
        " publishers word most codes alike: test rows of one code are not independent of each other.\n"
        "- **Ranges are numbers, not topics.** Restaurants stand in `5700-5999` between furniture and chemists, hotels"
        " and hairdressers both in `6000-7299`. Such borders can be learnt only by example.\n"
        "- **Left out:** codes of single airlines, car rentals and hotels (3000-3999), and the ranges with fewer than 8"
        " codes (agriculture, government, and 9403-9999). Such a text gets another range's label all the same.\n"
        "- **It always answers.** A text that is no merchant gets a range too; only the abstention threshold stands"
        " against that."
    ),
    tags=("finance", "merchant-category-code", "iso-18245"),
)

BANKING_INTENT = CardText(
    description=(
        "Names the intent of a customer's question to an online bank: one of the 77 intents of BANKING77, such as"
        " `card_arrival`, or the intents of your own rows."
    ),
    intended_use="Routing questions to the right team or answer, with a person behind every answer that is not sure.",
    out_of_scope=(
        "Not for deciding anything about a customer, an account or a payment. Not for questions with several intents,"
        " for other languages, or for banks whose products differ from those of the data without own rows."
    ),
    limits=(
        "- **One bank's app, 2020, English.** Questions are single, short sentences. Some of its labels overlap or are"
        " wrong (Ying and Thomas 2022, Label Errors in BANKING77), so that no score near 100 % is to be expected.\n"
        "- **Missing an intent of lost or abused cards costs more** than mixing up two questions about fees;"
        " `intent_cost` counts it five times. The factor is an assumption: use your own.\n"
        "- **It always answers.** A question about something else gets an intent too; use the abstention threshold.\n"
        "- **No personal data belongs in training rows.** Remove names, card and account numbers from your own."
    ),
    tags=("finance", "banking", "intent"),
)

HEADLINE_SENTIMENT = CardText(
    description=(
        "Names the sentiment of a sentence of financial news from an investor's point of view: negative, neutral or"
        " positive."
    ),
    intended_use="Sorting and counting news sentences; research. A person reads what anything depends on.",
    out_of_scope=(
        "Not investment advice, and not for trading on its answers. **A model trained on the Hub source must not be"
        " used commercially**: Financial PhraseBank is under CC BY-NC-SA 3.0 (no commercial use, share alike). For"
        " commercial use train on your own rows. Not for social media, other languages or whole articles."
    ),
    limits=(
        "- **The Hub source is the easy part of its data set:** the sentences that all annotators agreed on, mostly"
        " about companies listed in Helsinki before 2014. Expect lower scores on other news.\n"
        "- **Most sentences are neutral**, so accuracy flatters; read macro F1 and the scores of each label.\n"
        "- **Taking negative for positive costs twice** as much in `sentiment_cost` as confusing either with neutral;"
        " an assumption.\n"
        "- Who counts as an investor, and what is good for one, was the annotators' judgement."
    ),
    tags=("finance", "sentiment", "news"),
)

CREDIT_RISK = CardText(
    description=(
        "Estimates from a row of an application or account whether it turns out bad (a default, a late payment): a"
        " probability that is ranked, and an answer at a threshold. It has no data of its own: it is built from your"
        " rows, and its columns and labels are theirs."
    ),
    intended_use=(
        "Scoring on the device or inside the bank's own walls, challenger models, and stress tests, within a governed"
        " process that documents, validates and monitors the model."
    ),
    out_of_scope=(
        "**Not for deciding about people by itself.** Creditworthiness of natural persons is a high-risk use under the"
        " EU AI Act (Annex III) and falls under Article 22 GDPR, the US Equal Credit Opportunity Act and their like:"
        " human review, reasons for a refusal, and tests for discrimination are duties of whoever uses it."
    ),
    limits=(
        "- **It learns the past.** Rows exist only for credit that was granted; those refused are unknown (reject"
        " inference), and times change. Split by time where you can: give your own `test` file of later rows.\n"
        "- **Columns can stand for protected traits** (age, sex, origin, postcode). Leave them out, and check"
        " approval rates and errors by group; this build does not.\n"
        "- **Columns from the future leak the answer** (payments after the decision). A Gini above 0.9 is a warning.\n"
        "- **Which label is bad:** the one named bad, default, defaulted, delinquent, fraud, 1, yes or true; else the"
        " last of the sorted labels. KS, Gini and cost are about that label.\n"
        "- **A missed bad risk costs 5**, a refused good one 1, the matrix that comes with the German credit data; an"
        " assumption. Use the costs of your own book to choose a threshold."
    ),
    tags=("finance", "credit-risk", "tabular"),
)
