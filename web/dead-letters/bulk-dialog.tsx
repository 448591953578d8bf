import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { commonTexts } from '../parts/texts.ts'
import { count } from '../platform/money.ts'
import { deadLetterAddress } from './addresses.ts'
import { BulkResolution, type Chosen } from './bulk-resolution.ts'
import { texts } from './texts.ts'

type Props = { kind: 'replay' | 'discard'; chosen: Chosen; total: number; close: () => void }

/** Asks for confirmation, then shows the progress of a bulk replay or discard. */
export function BulkDialog({ kind, chosen, total, close }: Props) {
  const work = useMemo(() => new BulkResolution(), [])
  const isRunning = useSignal(false)
  if (isRunning.value) return <Progress work={work} total={total} kind={kind} close={close} />
  const submit = async (form: FormData) => {
    const running = work.run(kind, chosen, textOf(form, 'reason'))
    // A request that fails at once is reported in the form; one that has started shows its progress.
    await Promise.race([running, work.begun])
    isRunning.value = true
  }
  const isDiscard = kind === 'discard'
  return (
    <FormDialog
      title={isDiscard ? texts.discardManyQuestion(total) : texts.replayManyQuestion(total)}
      submit={isDiscard ? texts.discard : texts.replay}
      isDangerous={isDiscard}
      onSubmit={submit}
      onClose={close}
    >
      <p>{isDiscard ? texts.discardManyEffect : texts.replayManyEffect}</p>
      <ReasonField isNeeded={isDiscard} />
    </FormDialog>
  )
}

function Progress({ work, total, kind, close }: { work: BulkResolution } & Omit<Props, 'chosen'>) {
  const sums = work.sums.value
  const ending = work.ending.value
  const done = sums.replayed + sums.refused + sums.discarded
  const leave = () => {
    work.stop()
    close()
  }
  return (
    <Dialog title={kind === 'discard' ? texts.discard : texts.replay} onClose={leave}>
      <div class="stack">
        <progress
          max={Math.max(total, 1)}
          value={ending?.kind === 'finished' ? Math.max(total, 1) : done}
          aria-label={commonTexts.running}
        />
        <dl class="sums-done">
          {(['replayed', 'refused', 'discarded'] as const)
            .filter(name => sums[name] > 0 || name === (kind === 'discard' ? 'discarded' : 'replayed'))
            .map(name => (
              <div key={name}>
                <dt>{texts.sums[name]}</dt>
                <dd class="figure">{count(sums[name])}</dd>
              </div>
            ))}
        </dl>
        {ending !== undefined && (
          <p role="status" class={ending.kind === 'finished' ? '' : 'bad'}>
            {ending.kind === 'finished' && texts.finished}
            {ending.kind === 'stopped' && texts.stopped(ending.detail)}
            {ending.kind === 'cut' && texts.cut}
          </p>
        )}
        <Refused work={work} />
        <div class="buttons">
          {ending === undefined && (
            <button type="button" class="second" onClick={() => work.stop()}>
              {texts.stop}
            </button>
          )}
          {ending !== undefined && (
            <button type="button" onClick={close}>
              {commonTexts.done}
            </button>
          )}
        </div>
      </div>
    </Dialog>
  )
}

function Refused({ work }: { work: BulkResolution }) {
  const refused = work.refused.value
  if (refused.length === 0) return null
  const more = work.sums.value.refused - refused.length
  return (
    <section>
      <h3>{texts.rejected}</h3>
      <ul class="refused">
        {refused.map(({ id, code, detail }) => (
          <li key={id}>
            <a href={deadLetterAddress(id)}>{id}</a> <span class="faint">{code}</span> {detail}
          </li>
        ))}
        {more > 0 && <li class="faint">{texts.rejectedMore(more)}</li>}
      </ul>
    </section>
  )
}
