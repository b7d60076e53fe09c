/**
 * How the mails of the simulated world are worded: dimensions of style, each with a plain way and opposed
 * wishes, and the slots of a mail, each with its wordings under a style. Only data: `{key}` stands for a fact,
 * or for a phrase of `PHRASES` in the voice of the mail.
 */

import { only, PLAIN, type Slot, type StyleDimension } from "./task.ts";

export const DIMENSIONS: readonly StyleDimension[] = [
  {
    name: "header",
    wishes: { subject: "start with a subject line", memo: "start with lines that name recipient and sender" },
  },
  {
    name: "tone",
    wishes: {
      formal: "greet formally, by title and last name, and close formally",
      casual: "greet casually, by first name, and close casually",
      bare: "no greeting and no closing formula",
    },
  },
  { name: "mood", wishes: { emoji: "put in emoji", urgent: "stress that it is urgent, no emoji" } },
  {
    name: "deadline",
    wishes: { first: "say the deadline first", last: "say the deadline last" },
    agreed: true,
  },
  {
    name: "opening",
    wishes: {
      warm: "open with a personal line",
      direct: "come to the point without an opening line",
      apology: "apologise for the trouble first",
    },
  },
  {
    name: "layout",
    wishes: { bullets: "list the points as bullets", brief: "short sentences without filler" },
    agreed: true,
  },
  {
    name: "extra",
    wishes: { attachment: "name the attached file", postscript: "no attachment; add a postscript" },
  },
  {
    name: "closing",
    wishes: {
      thanks: "end with thanks",
      question: "end with a question",
      action: "end with a call to action",
    },
  },
  {
    name: "signature",
    wishes: { full: "sign with full name, role and address", contact: "sign with first name and extension" },
  },
  { name: "voice", wishes: { contracted: "use contractions", we: "write as we, not as I" } },
];

/** The slots in the order of the text; fragments are joined by spaces, spaces at line ends fall away. */
export const SLOTS: readonly Slot[] = [
  [
    { when: { header: [PLAIN] }, wordings: [""] },
    { when: { header: ["subject"] }, wordings: ["Subject: the {subject}\n"] },
    { when: { header: ["memo"] }, wordings: ["To: {title} {first} {last}\nFrom: {sender} {surname}\n"] },
  ],
  [
    { when: { tone: [PLAIN] }, wordings: ["Hello {first},", "Good day {first},"] },
    { when: { tone: ["formal"] }, wordings: ["Dear {title} {last},"] },
    { when: { tone: ["casual"] }, wordings: ["Hey {first}, great to be in touch!"] },
    { when: { tone: ["bare"] }, wordings: [""] },
  ],
  only(DIMENSIONS, "mood", "emoji", "🙂"),
  [{ wordings: ["\n"] }],
  only(DIMENSIONS, "mood", "urgent", "This one is urgent, so please read it today."),
  only(DIMENSIONS, "deadline", "first", "All of this is due by {deadline}."),
  [
    {
      when: { opening: [PLAIN] },
      wordings: ["{I} hope that {you are} well.", "{I} trust that {all is} well."],
    },
    { when: { opening: ["warm"] }, wordings: ["It was a real pleasure to see you last week."] },
    { when: { opening: ["direct"] }, wordings: [""] },
    { when: { opening: ["apology"] }, wordings: ["Sorry for the late notice and for the extra work."] },
  ],
  [
    {
      when: { layout: [PLAIN] },
      wordings: ["{I am} writing about the {subject}.", "This mail is about the {subject}."],
    },
    { when: { layout: ["bullets"] }, wordings: ["\n- Topic: the {subject}"] },
    { when: { layout: ["brief"] }, wordings: ["About the {subject}:"] },
  ],
  [
    {
      when: { layout: [PLAIN] },
      wordings: ["{I have} noticed that {issue}.", "{I have} been told that {issue}."],
    },
    { when: { layout: ["bullets"] }, wordings: ["\n- Problem: {issue}"] },
    { when: { layout: ["brief"] }, wordings: ["{issue}."] },
  ],
  [
    {
      when: { layout: [PLAIN, "brief"], deadline: [PLAIN] },
      wordings: ["Please {ask} by {deadline}.", "Could you {ask} by {deadline}?"],
    },
    {
      when: { layout: [PLAIN, "brief"], deadline: ["first", "last"] },
      wordings: ["Please {ask}.", "Could you {ask}?"],
    },
    { when: { layout: ["bullets"], deadline: [PLAIN] }, wordings: ["\n- Wanted: {ask} by {deadline}\n"] },
    { when: { layout: ["bullets"], deadline: ["first", "last"] }, wordings: ["\n- Wanted: {ask}\n"] },
  ],
  only(DIMENSIONS, "mood", "emoji", "🙏"),
  only(DIMENSIONS, "extra", "attachment", "{I have} attached the {item} as a file."),
  [
    {
      when: { closing: [PLAIN] },
      wordings: ["Let {me} know if {there is} a problem.", "Just ask {me} if {it is} unclear."],
    },
    { when: { closing: ["thanks"] }, wordings: ["Thank you very much for your time and your help."] },
    { when: { closing: ["question"] }, wordings: ["Would that work for you, or do you need more time?"] },
    { when: { closing: ["action"] }, wordings: ["Reply to this mail today, even with a single word."] },
  ],
  only(DIMENSIONS, "deadline", "last", "Keep in mind that the deadline is {deadline}."),
  [
    { when: { tone: [PLAIN] }, wordings: ["\nBest regards,\n", "\nKind regards,\n"] },
    { when: { tone: ["formal"] }, wordings: ["\nWith great respect and sincere regards,\n"] },
    { when: { tone: ["casual"] }, wordings: ["\nCheers and talk to you soon,\n"] },
    { when: { tone: ["bare"] }, wordings: ["\n"] },
  ],
  [
    { when: { signature: [PLAIN] }, wordings: ["{sender}"] },
    {
      when: { signature: ["full"] },
      wordings: ["{sender} {surname}, {role}, 12 Market Street, second floor"],
    },
    { when: { signature: ["contact"] }, wordings: ["{sender} (call extension 40 at any time)"] },
  ],
  only(DIMENSIONS, "mood", "emoji", "🌞"),
  only(DIMENSIONS, "extra", "postscript", "\nPS: {my} office stays closed all of next week."),
];

/** Phrases that change with the dimension `voice`. */
export const PHRASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  I: { plain: "I", contracted: "I", we: "We" },
  "I am": { plain: "I am", contracted: "I'm", we: "We are" },
  "I have": { plain: "I have", contracted: "I've", we: "We have" },
  me: { plain: "me", contracted: "me", we: "us" },
  my: { plain: "My", contracted: "My", we: "Our" },
  "you are": { plain: "you are", contracted: "you're", we: "you are" },
  "all is": { plain: "all is", contracted: "all's", we: "all is" },
  "it is": { plain: "it is", contracted: "it's", we: "it is" },
  "there is": { plain: "there is", contracted: "there's", we: "there is" },
};
