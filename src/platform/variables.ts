/**
 * Environment variables. Each is declared once, by the part of the service that reads it: the help, the documentation, `doctor` and
 * the check at start are made of the declarations.
 */

/** A variable, and how its text becomes a value. */
export type Variable<Value = unknown> = Readonly<{
  name: string
  /** The default, as text; empty for none. */
  preset: string
  /** What it is for, in a few words. */
  meaning: string
  /** The page of docs/ that says more. */
  page?: string
  /** Its value is never shown. */
  isSecret?: true
  /** The variable without which it has no effect: setting it alone is a mistake. */
  needs?: string
  /** Reads the value. Reports what is wrong, and then may return anything: the service does not start. */
  read(given: Given): Value
}>

/** What a variable is read from. */
export type Given = Readonly<{
  /** The value without spaces around it, or the default. */
  text: string
  /** The value with its spaces; undefined when it is not set. */
  exact: string | undefined
  isSet: boolean
  /** The folder that relative paths start from, and that of the files that come with the code. */
  folders: Readonly<{ root: string; files: string }>
  /** The scopes that an API key can have. */
  scopes: readonly string[]
  /** Reports a value by name: "NAME must be …, and is …". @param expected such as `true or false` */
  wrong(expected: string): void
  /** Reports a problem in a sentence, which must not hold a secret. */
  report(problem: string): void
}>

/** The values of variables, as the service is set. */
export type Values = { value<Value>(variable: Variable<Value>): Value }

type Described = Omit<Variable, 'read'>

/** A text, taken as it is. */
export function textVariable(described: Described): Variable<string> {
  return { ...described, read: ({ text }) => text }
}

/** A whole number. */
export function integerVariable(described: Described, minimum: number, maximum: number): Variable<number> {
  return {
    ...described,
    read({ text, wrong }) {
      const number = Number(text)
      if (!/^\d+$/.test(text) || number < minimum || number > maximum) {
        wrong(`a whole number from ${minimum} to ${maximum}`)
      }
      return number
    },
  }
}

/** `true` or `false`. */
export function flagVariable(described: Described): Variable<boolean> {
  return {
    ...described,
    read({ text, wrong }) {
      if (!['true', 'false'].includes(text)) wrong('true or false')
      return text === 'true'
    },
  }
}

/** The name of a Kafka topic, by Kafka's own rule. */
export function topicVariable(described: Omit<Described, 'needs'>): Variable<string> {
  return {
    ...described,
    needs: 'KAFKA_BROKERS',
    read({ text, wrong }) {
      if (!/^[A-Za-z0-9._-]{1,249}$/.test(text)) wrong('up to 249 of A-Z a-z 0-9 . _ -')
      return text
    },
  }
}

/** The address of a web page; undefined when it is not set. The value is not told: it may hold a password. */
export function addressVariable(described: Described): Variable<string | undefined> {
  return {
    ...described,
    read({ text, isSet, report }) {
      if (!isSet) return undefined
      const url = URL.canParse(text) ? new URL(text) : undefined
      if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username + url.password !== '') {
        report(`${described.name} must be an address with http:// or https://, without user and password`)
      }
      return url?.href
    },
  }
}

/** One of a few words, in either case. */
export function choiceVariable<Choice extends string>(
  described: Described & { preset: Choice },
  choices: readonly Choice[],
): Variable<Choice> {
  return {
    ...described,
    read({ text, wrong }) {
      const chosen = choices.find(choice => choice === text.toLowerCase())
      if (chosen === undefined) wrong(`one of ${choices.join(', ')}`)
      return chosen ?? described.preset
    },
  }
}

/** A path as it is from the root of the file system. */
export function absolutePath(folder: string, path: string): string {
  return path.startsWith('/') ? path : `${folder.replace(/\/$/, '')}/${path}`
}

/** A variable as it is set, for people; of a secret only whether it is set. */
export type Setting = { name: string; value: string | null; isDefault: boolean; isSecret: boolean }
