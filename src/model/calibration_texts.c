/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts for statistics when the caller has none: own sentences of many kinds and lengths, none of
 * them in examples/. What counts is that all sorts of tokens meet, not what is said; texts like
 * those to come are better. scripts/quant-study reads this file. */
#include "model/calibration_texts.h"

const char *const cuvee__calibration_texts[] = {
    "The train left twenty minutes late, nobody told us why, and the only carriage with heating"
    " was full; still, the guard was kind and found my mother a seat.",
    "I bought this lamp for my desk two years ago and it has never failed me: bright, quiet, "
    "easy to clean, and cheaper than anything else in the shop.",
    "A dull, overlong film with one good scene (the storm, of course) and three actors who seem"
    " to be waiting for their lunch.",
    "Room 412 smelled of smoke. The receptionist shrugged, offered us coffee, and then charged "
    "us for it: never again!",
    "She writes about her grandfather's farm with patience and humour, and by the last chapter "
    "I was sorry to leave.",
    "Does what it says. Setup took 5 minutes, the manual is clear, the battery lasts about nine"
    " hours at medium brightness.",
    "The soup was cold, the bread was old and the bill was wrong, but the view over the harbour"
    " almost made up for it.",
    "What a wonderful surprise; I expected another cheap copy and got the best headphones I "
    "have owned in years.",
    "Version 3.2 fixed the crash on start but broke the export, so I went back to 3.1 and will "
    "wait.",
    "He plays the sonata as if he had written it himself: slow where others hurry, clear where "
    "others blur.",
    "Arrived broken. Seller refused to answer my emails. I have asked the bank to return the "
    "money.",
    "The museum is small, and you will have seen everything in an hour, yet the guide told such"
    " stories that we stayed until it closed.",
    "Not bad, not great; an ordinary sandwich at an extraordinary price.",
    "My children loved the puppets, my husband slept, and I quietly counted the minutes until "
    "the interval.",
    "An honest, dry cider with a smell of bruised apples, some chalk, and a finish that goes on"
    " longer than you would expect at $12.",
    "The doctor listened, explained every step and called the next day to ask how I felt. I "
    "cannot recommend this practice enough.",
    "If you enjoy shouting at a printer, this is the printer for you.",
    "The plot makes no sense, the jokes are stale, and yet there is something so cheerful about"
    " the whole mess that I would watch it again.",
    "Cotton feels thin, colours faded after the first wash, one button was missing. Two stars "
    "because the fit is good.",
    "Beautifully made chairs, solid oak, delivered on time by two polite young men who also "
    "took the packaging away.",
    "The new schedule means that nurses now work eleven days in a row, which the hospital's own"
    " report calls unsafe.",
    "We walked for six hours, met nobody, and ate our cheese by a lake so clear that you could "
    "count the stones.",
    "Customer service kept me on hold for 48 minutes and then hung up; the problem is still "
    "there.",
    "Ripe plum, tobacco and a little pepper on the nose; the palate is soft, perhaps too soft, "
    "with sweet oak and a short, warm finish.",
    "It is hard to say who this book is for: too simple for engineers, too technical for "
    "everyone else.",
    "Fresh, crunchy and full of lemon. Exactly what a salad should be on a hot afternoon in "
    "July.",
    "The second season loses its nerve and, worse, its sense of humour.",
    "I was sceptical, but after three weeks my back pain is gone and I sleep through the night.",
    "The bridge, built in 1931, carries 40,000 cars a day and was repainted last spring in its "
    "original green.",
    "Terrible acting, wooden dialogue, and a twist that a child could see coming from the first"
    " minute.",
    "Loud, greasy, crowded and absolutely delicious; bring cash and patience.",
    "The app wants access to my contacts, my camera and my location just to show me the "
    "weather. Deleted.",
    "This white has flinty aromas, green pear and a saline edge; drink it over the next two or "
    "three years with oysters.",
    "Our teacher, Ms. Novak, made even fractions feel like an adventure.",
    "The update arrived on Tuesday. By Wednesday half of the office could not print, and by "
    "Friday nobody cared any more.",
    "A tender and funny portrait of two sisters who cannot live together and cannot live apart.",
    "The handle came off in my hand on the second day, which tells you everything about the "
    "quality.",
    "Thin and sour, with a whiff of wet cardboard and very little fruit; I poured the rest "
    "away.",
    "Great value: sharp screen, decent speakers, and it runs cool even after hours of work.",
    "The staff ignored us for half an hour, then brought someone else's order and argued about "
    "it.",
    "I have read it four times, and each time a different sentence stops me.",
    "No instructions, no spare parts, no reply from the manufacturer. Save your money.",
    "The garden is lovely in May, when the roses open and the old wall is warm in the sun.",
    "It promises much on the label; in the glass it is simple, slightly bitter, and gone in a "
    "moment.",
    "A masterclass in tension: ninety minutes in one room, and I forgot to breathe.",
    "The keyboard is mushy, the fan never stops, and the lid flexes like a sheet of paper; how "
    "did this pass any test?",
    "They replaced the part for free and sent a handwritten note. That is how you keep a "
    "customer.",
    "The concert was cancelled an hour before it began, and the refund took three months.",
    "Silky, dark and generous, with blackberry, liquorice and fine-grained tannins that carry a"
    " long, graceful finish. Worth cellaring until 2030.",
    "Neither as clever as it thinks nor as stupid as the critics say.",
    "Parking is impossible, prices have doubled, and the famous cake tastes of margarine now.",
    "The nurse sang to my daughter while she stitched the cut; we went home smiling.",
    "Heavy, sweet and tiring after a single glass, like jam stirred into alcohol.",
    "I wanted to love this phone, but the camera is slow, the software is full of adverts and "
    "it gets hot in my pocket.",
    "Simple rules, quick rounds, lots of laughter: the best family game we have bought since "
    "2015.",
    "The bus driver waited for the old man with the stick, and nobody on board complained.",
    "Poorly edited: names change from page to page, and chapter nine appears twice.",
    "Bright cherry, dried herbs, a touch of smoke: lively, balanced and far better than its "
    "modest price suggests.",
    "It rained all week, the tent leaked, and we still talk about it as our happiest holiday.",
    "The lecture was supposed to last an hour; after two, people began to leave through the "
    "window.",
};

const size_t cuvee__n_calibration_texts =
    sizeof cuvee__calibration_texts / sizeof *cuvee__calibration_texts;
