import { useSyncExternalStore } from "react";
import { type Key, en } from "./en";
import { ru } from "./ru";
import { labels } from "./labels.ru";
import { messages, units, words } from "./messages.ru";
import { parts } from "./parts.ru";
import { progress } from "./progress.ru";

export type Language = "en" | "ru";
export type { Key };

const TEXTS: Record<Language, Record<Key, string>> = { en, ru };
const STORED = "language";

const listeners = new Set<() => void>();
let language: Language = initialLanguage();

function initialLanguage(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "en" || stored === "ru") return stored;
  return navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";
}

export function setLanguage(next: Language): void {
  language = next;
  localStorage.setItem(STORED, next);
  document.documentElement.lang = next;
  for (const each of listeners) each();
}

document.documentElement.lang = language;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export interface Texts {
  language: Language;
  /** A text of the interface. With `n`, the form that the number asks for, of those parted by `|`. */
  t: (key: Key, values?: Record<string, string | number>) => string;
  /** A label, help text, title or progress of a run, or remark, which the server gives in English. */
  label: (english: string) => string;
}

/** The name of a part of a series, such as of the test rows, in words; others as they are. */
export function partName(name: string, t: Texts["t"]): string {
  const key = `part.${name}`;
  return key in en ? t(key as Key) : name;
}

const CATEGORIES: Record<Language, Intl.LDMLPluralRule[]> = { en: ["one", "other"], ru: ["one", "few", "many"] };

function textsIn(language: Language): Texts {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const t: Texts["t"] = (key, values = {}) => {
    const forms = TEXTS[language][key].split("|");
    const place = "n" in values ? CATEGORIES[language].indexOf(rules.select(Number(values.n))) : 0;
    const text = forms[Math.min(Math.max(place, 0), forms.length - 1)];
    return text.replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? numbers.format(value) : value;
    });
  };
  const label: Texts["label"] = (english) =>
    ((language === "ru" ? (labels[english] ?? parts[english] ?? progress[english] ?? inRussian(english)) : undefined) ?? english).replaceAll("`", "");
  return { language, t, label };
}

/** A word, a time such as `7 days`, or a list of these. */
function inWords(english: string): string {
  const parts = english.split(/(, | and | or )/);
  return parts.map((each) => words[each] ?? LINKS[each] ?? each.replace(/^(\d+) (\w+?)s?$/, (all, n, unit) => (units[unit] ? `${n} ${units[unit]}` : all))).join("");
}

const LINKS: Record<string, string> = { " and ": " и ", " or ": " или " };

/** What is shorter is a name or a number, and no sentence in a place of another one. */
const SHORTEST = 19;

let templates: readonly (readonly [RegExp, string])[] | undefined;

/** The more text of its own a form has, the fewer sentences it fits; least that begins with a place. */
const fit = (form: string): number => form.replaceAll("{}", "").length + (form.startsWith("{}") ? 0 : 10_000);

/** A sentence of the library in Russian, if it is of a known form. Names, numbers and nested sentences fill the places in order. */
function inRussian(english: string): string | undefined {
  // A short form such as `{} of {} series: {}` also fits sentences that have a form of their own.
  templates ??= [...messages].sort(([one], [other]) => fit(other) - fit(one)).map(([form, russian]) => {
    const escaped = form.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll("{}", "(.+?)");
    return [new RegExp(`^${escaped}$`, "s"), russian] as const;
  });
  for (const [form, russian] of templates) {
    const found = form.exec(english);
    if (!found) continue;
    let place = 0;
    return russian.replace(/\{(\*?)\}/g, (_, isWord) => {
      const value = found[++place] ?? "";
      return isWord ? inWords(value) : nested(value);
    });
  }
  return undefined;
}

/** What fills a place of a sentence: a sentence, a word of the library, or a list of what it read. Short texts may be names. */
function nested(value: string): string {
  if (value.length < SHORTEST) return messages.find(([form]) => form === value)?.[1] ?? value;
  const parts = value.split(", ");
  const own = parts.map((each) => inRussian(each));
  const isList = own.filter((each) => each !== undefined).length > 1;
  return (isList ? undefined : inRussian(value)) ?? own.map((each, place) => each ?? parts[place]).join(", ");
}

const CACHE: Record<Language, Texts> = { en: textsIn("en"), ru: textsIn("ru") };

/** The texts in the chosen language. */
export function useTexts(): Texts {
  return CACHE[useSyncExternalStore(subscribe, () => language)];
}
