import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { count } from '../platform/money.ts'
import { deadLetterAddress } from '../routes.ts'
import { letterTexts as words } from '../texts/dead-letters.ts'
import { type Chosen, DealMany } from './deal-many.ts'

type Props = { kind: 'replay' | 'discard'; chosen: Chosen; letters: number; close: () => void }

/** Asks whether many are meant, and shows how far it is with them. */
export function ManyDialog({ kind, chosen, letters, close }: Props) {
  const work = useMemo(() => new DealMany(), [])
  const isRunning = useSignal(false)
  if (isRunning.value) return <Progress work={work} letters={letters} kind={kind} close={close} />
  const submit = async (form: FormData) => {
    const running = work.run(kind, chosen, textOf(form, 'reason'))
    // What cannot begin is said where the reason was given; what has begun shows how far it is.
    await Promise.race([running, work.begun])
    isRunning.value = true
  }
  const isDiscard = kind === 'discard'
  return (
    <FormDialog
      title={isDiscard ? words.discardManyQuestion(letters) : words.replayManyQuestion(letters)}
      submit={isDiscard ? words.discard : words.replay}
      isDangerous={isDiscard}
      onSubmit={submit}
      onClose={close}
    >
      <p>{isDiscard ? words.discardManyEffect : words.replayManyEffect}</p>
      <ReasonField isNeeded={isDiscard} />
    </FormDialog>
  )
}

function Progress({ work, letters, kind, close }: { work: DealMany } & Omit<Props, 'chosen'>) {
  const sums = work.sums.value
  const ending = work.ending.value
  const done = sums.replayed + sums.refused + sums.discarded
  const leave = () => {
    work.stop()
    close()
  }
  return (
    <Dialog title={kind === 'discard' ? words.discard : words.replay} onClose={leave}>
      <div class="stack">
        <progress
          max={Math.max(letters, 1)}
          value={ending?.kind === 'finished' ? Math.max(letters, 1) : done}
          aria-label={words.running}
        />
        <dl class="sums-done">
          {(['replayed', 'refused', 'discarded'] as const)
            .filter(name => sums[name] > 0 || name === (kind === 'discard' ? 'discarded' : 'replayed'))
            .map(name => (
              <div key={name}>
                <dt>{words.sums[name]}</dt>
                <dd class="figure">{count(sums[name])}</dd>
              </div>
            ))}
        </dl>
        {ending !== undefined && (
          <p role="status" class={ending.kind === 'finished' ? '' : 'bad'}>
            {ending.kind === 'finished' && words.finished}
            {ending.kind === 'stopped' && words.stopped(ending.detail)}
            {ending.kind === 'cut' && words.cut}
          </p>
        )}
        <Refused work={work} />
        <div class="buttons">
          {ending === undefined && (
            <button type="button" class="second" onClick={() => work.stop()}>
              {words.stop}
            </button>
          )}
          {ending !== undefined && (
            <button type="button" onClick={close}>
              {words.done}
            </button>
          )}
        </div>
      </div>
    </Dialog>
  )
}

function Refused({ work }: { work: DealMany }) {
  const refused = work.refused.value
  if (refused.length === 0) return null
  const more = work.sums.value.refused - refused.length
  return (
    <section>
      <h3>{words.refused}</h3>
      <ul class="refused">
        {refused.map(({ id, code, detail }) => (
          <li key={id}>
            <a href={deadLetterAddress(id)}>{id}</a> <span class="faint">{code}</span> {detail}
          </li>
        ))}
        {more > 0 && <li class="faint">{words.refusedMore(more)}</li>}
      </ul>
    </section>
  )
}
