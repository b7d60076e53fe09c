/**
 * What the mails of the simulated world are about: people, four hidden domains, days, and the ways a context
 * is worded. Only data; `{key}` stands for a fact, `{me}` in an ask for the sender as the voice puts it.
 */

export interface MailProblem {
  /** A clause that says what is wrong. */
  readonly issue: string;
  /** What the recipient is to do about it, as a verb phrase. */
  readonly ask: string;
}

export interface MailDomain {
  readonly name: string;
  readonly items: readonly string[];
  /** The words between item and topic: "the manuscript *on* optics". */
  readonly link: string;
  readonly topics: readonly string[];
  readonly problems: readonly MailProblem[];
}

/** [title, first name] of the people who get the mails. */
export const RECIPIENTS: readonly (readonly [title: string, first: string])[] = [
  ...["Anna", "Clara", "Emma", "Greta", "Hannah", "Irene", "Julia", "Laura"].map((n) => ["Ms", n] as const),
  ...["Maria", "Nora", "Olga", "Petra", "Rosa", "Sofia", "Tina", "Vera"].map((n) => ["Ms", n] as const),
  ...["Adam", "Bruno", "Carl", "David", "Erik", "Felix", "Georg", "Hugo"].map((n) => ["Mr", n] as const),
  ...["Ivan", "Jonas", "Leo", "Martin", "Oscar", "Paul", "Simon", "Victor"].map((n) => ["Mr", n] as const),
];

export const LAST_NAMES: readonly string[] = [
  ...["Adler", "Bauer", "Becker", "Berger", "Brandt", "Carter", "Dunn", "Evans"],
  ...["Fischer", "Foster", "Garcia", "Hansen", "Hughes", "Jensen", "Keller", "Lopez"],
  ...["Mason", "Meyer", "Murphy", "Novak", "Olsen", "Parker", "Quinn", "Reed"],
  ...["Rossi", "Santos", "Silva", "Stone", "Turner", "Wagner", "Weber", "Young"],
];

/** First names of the people who send the mails. */
export const SENDERS: readonly string[] = [
  ...["Alice", "Bella", "Diana", "Ellen", "Fiona", "Helen", "Kate", "Lucy"],
  ...["Arthur", "Ben", "Conrad", "Dennis", "Frank", "Gary", "Henry", "Kevin"],
];

export const ROLES: readonly string[] = [
  "office manager",
  "team lead",
  "coordinator",
  "assistant",
  "deputy director",
  "secretary",
];

export const DAYS: readonly string[] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
export const TIMES: readonly string[] = ["morning", "noon", "evening"];

export const DOMAINS: readonly MailDomain[] = [
  {
    name: "authors",
    items: ["manuscript", "chapter", "abstract", "survey"],
    link: "on",
    topics: [
      ...["optics", "fungi", "glaciers", "robotics", "grammar"],
      ...["proteins", "volcanoes", "enzymes", "poetry", "algebra"],
    ],
    problems: [
      { issue: "two figures are missing", ask: "send {me} the missing figures" },
      { issue: "the references are incomplete", ask: "give {me} a full list of references" },
      { issue: "the title is too long", ask: "suggest {me} a shorter title" },
      { issue: "one proof has a gap", ask: "show {me} a full proof" },
      { issue: "a reviewer doubts the method", ask: "write {me} an answer for the reviewer" },
      { issue: "the main table is unreadable", ask: "send {me} a clean table" },
      { issue: "the conclusion is too weak", ask: "give {me} a stronger conclusion" },
      { issue: "the page limit is exceeded", ask: "send {me} a shorter version" },
    ],
  },
  {
    name: "customers",
    items: ["ticket", "refund", "repair", "warranty"],
    link: "for the",
    topics: [
      ...["router", "printer", "camera", "headset", "keyboard"],
      ...["scanner", "tablet", "charger", "monitor", "heater"],
    ],
    problems: [
      { issue: "the receipt is not in the files", ask: "send {me} a copy of the receipt" },
      { issue: "the serial number does not match", ask: "tell {me} the correct serial number" },
      { issue: "the device arrived broken", ask: "send {me} photos of the damage" },
      { issue: "the latest update failed", ask: "tell {me} the error code" },
      { issue: "the box was opened before", ask: "tell {me} when the box arrived" },
      { issue: "the battery drains too fast", ask: "tell {me} how the battery is used" },
      { issue: "the old cable was recalled", ask: "return {me} the old cable" },
      { issue: "the card was charged twice", ask: "send {me} the bank statement" },
    ],
  },
  {
    name: "colleagues",
    items: ["budget", "plan", "schedule", "agenda"],
    link: "for the",
    topics: [
      ...["workshop", "offsite", "launch", "hackathon", "roadmap"],
      ...["interviews", "sprint", "demo", "training", "audit"],
    ],
    problems: [
      { issue: "three people have not answered", ask: "tell {me} who will come" },
      { issue: "the room is double booked", ask: "find {me} another room" },
      { issue: "the totals have changed again", ask: "send {me} the new totals" },
      { issue: "nobody owns the second task", ask: "name {me} a person for the task" },
      { issue: "the first slide is outdated", ask: "send {me} a new first slide" },
      { issue: "the notes were never shared", ask: "send {me} the notes" },
      { issue: "half of the tests fail", ask: "give {me} a list of failing tests" },
      { issue: "the main speaker had to cancel", ask: "suggest {me} another speaker" },
    ],
  },
  {
    name: "suppliers",
    items: ["order", "delivery", "shipment", "quote"],
    link: "of",
    topics: [
      ...["screws", "timber", "copper", "glass", "cardboard"],
      ...["rubber", "cotton", "cement", "bricks", "paint"],
    ],
    problems: [
      { issue: "the last truck came late", ask: "give {me} a fixed arrival time" },
      { issue: "forty pieces are damaged", ask: "send {me} new pieces" },
      { issue: "the price is above the contract", ask: "quote {me} a lower price" },
      { issue: "the customs form is unsigned", ask: "return {me} the signed form" },
      { issue: "the wrong size was packed", ask: "send {me} the right size" },
      { issue: "the pallets were mixed up", ask: "tell {me} which pallet is right" },
      { issue: "the stock is almost empty", ask: "reserve {me} another batch" },
      { issue: "the quality report is overdue", ask: "send {me} the quality report" },
    ],
  },
];

/** The ways to word a context. Each names every fact once. */
export const PROMPTS: readonly string[] = [
  "Write to {title} {first} {last} about the {subject}: {issue}. Ask to {wanted} by {deadline}. Sender: {sender} {surname}, {role}.",
  "{sender} {surname}, {role}, writes to {title} {first} {last}. Topic: the {subject}. Problem: {issue}. Wanted: {wanted}. Due: {deadline}.",
  "Mail from {sender} {surname}, {role}, for {title} {first} {last}. There is a problem with the {subject}, {issue}. Request: {wanted}, until {deadline}.",
];
