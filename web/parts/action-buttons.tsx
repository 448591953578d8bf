type Props<Action extends string> = {
  /** All actions in the order in which they are shown, each with the class of its button. */
  looks: Readonly<Record<Action, string>>
  /** Those that the service says are possible now. */
  available: readonly string[]
  label: (action: Action) => string
  ask: (action: Action) => void
  size: 'small' | undefined
}

/** A button for each action that is possible now. */
export function ActionButtons<Action extends string>({ looks, available, label, ask, size }: Props<Action>) {
  const actions = (Object.keys(looks) as Action[]).filter(action => available.includes(action))
  return (
    <>
      {actions.map(action => (
        <button key={action} type="button" class={`${looks[action]} ${size ?? ''}`} onClick={() => ask(action)}>
          {label(action)}
        </button>
      ))}
    </>
  )
}
