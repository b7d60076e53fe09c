/** What the documents of the summary world say: five hidden sources with their subjects. Only data. */

export interface SummarySource {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly actions: readonly string[];
  readonly reasons: readonly string[];
  readonly results: readonly string[];
}

export const PLACES: readonly string[] = [
  ...["Norwick", "Alton", "Berwin", "Calder", "Dunmore", "Elford", "Fenwick", "Garston"],
];

export const WEEKDAYS: readonly string[] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];

/** No action holds the word "in": it divides events from places. */
export const SOURCES: readonly SummarySource[] = [
  {
    name: "news",
    subjects: ["the council", "the police", "the mayor", "the railway", "the hospital", "the fire brigade"],
    actions: [
      ...["closed the old bridge", "opened a new road", "raised the fares"],
      ...["searched the harbour", "moved the market", "sold the town hall"],
    ],
    reasons: ["a heavy storm", "a broken pipe", "a new law", "the high costs", "a strike", "an election"],
    results: [
      ...["trains run late", "shops stay shut", "taxes will rise"],
      ...["traffic is slow", "many people protest", "schools were closed"],
    ],
  },
  {
    name: "posts",
    subjects: ["my sister", "my boss", "my roommate", "my uncle", "my best friend", "my neighbour"],
    actions: [
      ...["broke my favourite cup", "forgot my birthday", "took my bicycle"],
      ...["shouted at me", "cancelled our trip", "read my diary"],
    ],
    reasons: ["a silly joke", "an old quarrel", "too much wine", "a bad mood", "a lost bet", "pure envy"],
    results: [
      ...["we do not talk", "I feel guilty", "everybody takes sides"],
      ...["I moved out", "nobody apologised", "we laugh about it"],
    ],
  },
  {
    name: "encyclopedia",
    subjects: ["a king", "an emperor", "a monk", "an explorer", "a queen", "a general"],
    actions: [
      ...["founded a monastery", "won a great battle", "built a castle"],
      ...["signed a treaty", "mapped the coast", "wrote a chronicle"],
    ],
    reasons: ["a long war", "a famine", "a holy vow", "a royal wedding", "the plague", "a trade route"],
    results: [
      ...["the town grew rich", "the dynasty ended", "pilgrims came"],
      ...["the borders changed", "the language spread", "the ruins still stand"],
    ],
  },
  {
    name: "abstracts",
    subjects: ["a network", "a robot", "a new solver", "a language model", "a sensor", "a compiler"],
    actions: [
      ...["learned to sort images", "halved the error rate", "found hidden bugs"],
      ...["predicted the weather", "compressed the data", "played chess"],
    ],
    reasons: [
      ...["a larger dataset", "a simpler loss", "sparse gradients"],
      ...["random restarts", "a careful prior", "better hardware"],
    ],
    results: [
      ...["training takes minutes", "the code is open", "older methods fail"],
      ...["the bound is tight", "memory use drops", "more tests are needed"],
    ],
  },
  {
    name: "reviews",
    subjects: [
      "the heroine",
      "the detective",
      "the villain",
      "a young pilot",
      "the old teacher",
      "the clown",
    ],
    actions: [
      ...["steals a diamond", "falls for a stranger", "saves the village"],
      ...["hides a dark secret", "fights a dragon", "loses everything"],
    ],
    reasons: [
      "a weak script",
      "brilliant acting",
      "a lost letter",
      "loud music",
      "a family curse",
      "a tiny budget",
    ],
    results: [
      ...["the ending surprises", "the jokes fall flat", "viewers will cry"],
      ...["the plot drags", "a sequel is certain", "the images stay with you"],
    ],
  },
];

/** The ways to word a document. Each states every fact once. */
export const DOCUMENTS: readonly string[] = [
  "Text: {event} in {place} on {day}. The reason was {reason}. After that {result}.",
  "It is known that {event} in {place} on {day}, and the cause was {reason}. Later {result}.",
];
