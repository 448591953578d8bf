import type { Given, Setting, Values, Variable } from '../platform/variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Variables as they are set. */
export type Settings = Values & {
  /** The text of a variable without spaces around it; undefined when it is not set: one that is empty is not. */
  given(name: string): string | undefined
  /** Everything that is wrong, as sentences without secrets. */
  problems: readonly string[]
  /** Every variable, for people. */
  shown: readonly Setting[]
}

/** Names of variables that hold secrets; a new one that is named like these is one too. */
const secretName = /PASSWORD|SECRET|TOKEN|HEADERS|KEYS?$/

/**
 * Reads variables. One whose need is not met has its default, whatever else is wrong with it.
 *
 * @param environment usually `process.env`
 * @param around what variables are read with beside their own text
 */
export function readSettings(
  environment: Environment,
  variables: readonly Variable[],
  around: Pick<Given, 'folders' | 'scopes'>,
): Settings {
  const textOf = (name: string) => environment[name]?.trim() || undefined
  const problems: string[] = []

  function read<Value>(variable: Variable<Value>, report: (problem: string) => void): Value {
    const { name, preset, needs } = variable
    const given = needs === undefined || textOf(needs) !== undefined ? textOf(name) : undefined
    return variable.read({
      ...around,
      text: given ?? preset,
      exact: given === undefined ? undefined : environment[name],
      isSet: given !== undefined,
      wrong: expected => report(`${name} must be ${expected}, and is "${given ?? preset}"`),
      report,
    })
  }
  for (const variable of variables) {
    const { name, needs } = variable
    if (needs !== undefined && textOf(name) !== undefined && textOf(needs) === undefined)
      problems.push(`${name} is set, but ${needs} is not`)
    read(variable, problem => problems.push(problem))
  }
  return {
    given: textOf,
    problems,
    shown: variables.map(variable => toSetting(variable, textOf(variable.name))),
    // Reading has no effect but what it reports, and that was heard above.
    value: variable => read(variable, () => undefined),
  }
}

/** What an address has before its host, and in its query, may be a credential: it is left out, whatever the variable is for. */
function toSetting({ name, preset, isSecret }: Variable, given: string | undefined): Setting {
  const isHidden = isSecret === true || secretName.test(name)
  const value = (given ?? preset).replace(/\/\/[^/@\s]*@/g, '//***@').replace(/([?&][^=?&\s]*=)[^&\s]*/g, '$1***')
  return { name, value: isHidden ? null : value, isDefault: given === undefined, isSecret: isHidden }
}
