"""Texts written for this plugin: they may be published with every bundle."""

from __future__ import annotations

from collections.abc import Sequence

MERCHANTS = (
    ("builder who renovates kitchens and bathrooms", "1500-2999"),
    ("licensed electrician wiring new houses", "1500-2999"),
    ("company that lays roof tiles", "1500-2999"),
    ("ferry across the bay for commuters", "4000-4799"),
    ("taxi ride to the airport", "4000-4799"),
    ("moving van with two helpers", "4000-4799"),
    ("monthly mobile phone contract", "4800-4999"),
    ("cable television subscription", "4800-4999"),
    ("electricity and water bill", "4800-4999"),
    ("supermarket with fresh vegetables", "5000-5599"),
    ("self-service petrol pump", "5000-5599"),
    ("shop for tools, nails and paint", "5000-5599"),
    ("children's shoes on the high street", "5600-5699"),
    ("boutique for evening dresses", "5600-5699"),
    ("tailor who shortens trousers", "5600-5699"),
    ("sofas, beds and wardrobes", "5700-5999"),
    ("pizza restaurant with a terrace", "5700-5999"),
    ("pharmacy open on Sundays", "5700-5999"),
    ("cash paid out at a bank counter", "6000-7299"),
    ("campsite by the sea", "6000-7299"),
    ("hairdresser and beauty salon", "6000-7299"),
    ("advertising agency for small firms", "7300-7529"),
    ("camper van hired for two weeks", "7300-7529"),
    ("firm that gets rid of rats and wasps", "7300-7529"),
    ("workshop that paints dented cars", "7530-7799"),
    ("watchmaker replacing a broken spring", "7530-7799"),
    ("technician mending a fridge at home", "7530-7799"),
    ("two tickets for the cinema", "7800-7999"),
    ("bowling alley with ten lanes", "7800-7999"),
    ("day pass for a theme park", "7800-7999"),
    ("dentist filling a tooth", "8000-8999"),
    ("law firm handling a divorce", "8000-8999"),
    ("donation to a charity for the homeless", "8000-8999"),
)
"""Text and the ISO range its author had in mind."""

QUESTIONS = (
    ("My new card still hasn't come in the post, when will it be here?", "card_arrival"),
    ("Someone is paying with my card and it isn't me!", "compromised_card"),
    ("I left my card on the train, please block it", "lost_or_stolen_card"),
    ("My phone was stolen, how do I keep my account safe?", "lost_or_stolen_phone"),
    ("There's a purchase on my statement I know nothing about", "card_payment_not_recognised"),
    ("I never took out this cash, who did?", "cash_withdrawal_not_recognised"),
    ("The machine kept my card", "card_swallowed"),
    ("How do I set a different PIN?", "change_pin"),
    ("I typed the wrong PIN three times, now it is locked", "pin_blocked"),
    ("What does one dollar cost me in pounds today?", "exchange_rate"),
    ("Why did you take a fee when I got money from the cash machine?", "cash_withdrawal_charge"),
    ("How old must my daughter be to open an account?", "age_limit"),
    ("Which countries do you send cards to?", "country_support"),
    ("I put a cheque in days ago and my balance is the same", "balance_not_updated_after_cheque_or_cash_deposit"),
    ("How long until money sent to a friend gets there?", "transfer_timing"),
    ("I sent money to the wrong person, stop it please", "cancel_transfer"),
    ("I was billed two times for one coffee", "transaction_charged_twice"),
    ("The shop owes me money back but I cannot see it", "Refund_not_showing_up"),
    ("Can I use Google Pay with this account?", "apple_pay_or_google_pay"),
    ("I want to close my account", "terminate_account"),
    ("Why do you need a photo of my passport?", "why_verify_identity"),
    ("I forgot the code for the app", "passcode_forgotten"),
    ("The cash machine gave me less than I asked for", "wrong_amount_of_cash_received"),
    ("Is there a limit on how often I can top up?", "top_up_limits"),
)
"""Question and the intent its author had in mind."""

HEADLINES = (
    ("Quarterly profit rose by a fifth on strong demand for pumps", "positive"),
    ("The company raised its forecast for the full year", "positive"),
    ("Orders doubled compared with the same months last year", "positive"),
    ("Net debt fell to its lowest level in ten years", "positive"),
    ("The mill won a contract worth 40 million euros", "positive"),
    ("Margins widened as raw materials became cheaper", "positive"),
    ("The bank lifted its dividend by ten cents", "positive"),
    ("Operating profit swung back from a loss", "positive"),
    ("The firm warned that sales will miss its target", "negative"),
    ("Operating loss grew to 12 million euros from 3 million", "negative"),
    ("The plant will close and 300 people lose their jobs", "negative"),
    ("Shares fell sharply after the regulator opened an inquiry", "negative"),
    ("Deliveries dropped for the fourth quarter in a row", "negative"),
    ("The retailer wrote down the value of unsold stock", "negative"),
    ("Higher energy prices ate into earnings", "negative"),
    ("The airline cancelled its dividend", "negative"),
    ("The annual meeting takes place in Turku on 3 April", "neutral"),
    ("The group has offices in eleven countries", "neutral"),
    ("Terms of the agreement were not disclosed", "neutral"),
    ("The company makes valves for the paper industry", "neutral"),
    ("Anna Berg becomes head of communications in May", "neutral"),
    ("The report will be published at nine in the morning", "neutral"),
    ("The new store is next to the railway station", "neutral"),
    ("The shares are listed in Helsinki", "neutral"),
)
"""Sentence and the sentiment its author had in mind."""


def merchants() -> Sequence[str]:
    """Return the texts of `MERCHANTS`."""
    return [text for text, _ in MERCHANTS]


def questions() -> Sequence[str]:
    """Return the texts of `QUESTIONS`."""
    return [text for text, _ in QUESTIONS]


def headlines() -> Sequence[str]:
    """Return the texts of `HEADLINES`."""
    return [text for text, _ in HEADLINES]
