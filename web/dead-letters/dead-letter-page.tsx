import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { Icon } from '../parts/icon.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Refusal } from '../platform/api.ts'
import { PageHead } from '../shell/page.tsx'
import { deadLettersAddress } from './addresses.ts'
import { tones } from './dead-letter.ts'
import { DeadLetterAttempts, DeadLetterSource } from './dead-letter-facts.tsx'
import { DeadLetterMessage } from './dead-letter-message.tsx'
import { DeadLetterModel } from './dead-letter-model.ts'
import { ResolveDialog } from './resolve-dialog.tsx'
import { texts } from './texts.ts'

/** One dead letter: its message with the errors marked, to be edited, replayed or discarded. */
export default function DeadLetterPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => new DeadLetterModel(id), [id])
  useEffect(() => {
    scrollTo(0, 0)
    void model.load()
  }, [model])
  const failure = model.failure.value
  const isUnknown = failure instanceof Refusal && failure.status === 404
  return (
    <>
      <a class="back" href={deadLettersAddress()}>
        <Icon name="left" />
        {texts.title}
      </a>
      {model.deadLetter.value === undefined && <PageHead title={texts.deadLetter(id)} />}
      {isUnknown && (
        <Empty title={texts.unknown(id)}>
          <p>{texts.unknownHint}</p>
        </Empty>
      )}
      {failure !== undefined && !isUnknown && <Failure error={failure} retry={() => void model.load()} />}
      {model.deadLetter.value === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={12} />
        </div>
      )}
      {model.deadLetter.value !== undefined && <Content model={model} />}
    </>
  )
}

function Content({ model }: { model: DeadLetterModel }) {
  const asked = useSignal<'replay' | 'discard' | undefined>(undefined)
  const deadLetter = model.deadLetter.value
  if (deadLetter === undefined) return null
  return (
    <>
      <PageHead title={texts.deadLetter(deadLetter.id)}>
        {deadLetter.state === 'open' && (
          <>
            <button type="button" class="danger-quiet" onClick={() => (asked.value = 'discard')}>
              {texts.discard}
            </button>
            <button type="button" onClick={() => (asked.value = 'replay')}>
              {model.isEdited.value ? texts.replayEdited : texts.replay}
            </button>
          </>
        )}
      </PageHead>
      <div class="summary-line">
        <span class={`tag tone-${tones[deadLetter.state]}`}>{texts.states[deadLetter.state]}</span>
        <span class="code">{deadLetter.code}</span>
        <span>{deadLetter.detail}</span>
      </div>
      <div class="beside">
        <DeadLetterMessage model={model} deadLetter={deadLetter} />
        <div class="stack">
          <DeadLetterSource deadLetter={deadLetter} />
          <DeadLetterAttempts deadLetter={deadLetter} />
        </div>
      </div>
      {asked.value !== undefined && (
        <ResolveDialog kind={asked.value} model={model} close={() => (asked.value = undefined)} />
      )}
    </>
  )
}
