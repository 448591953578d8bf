import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { DetailPage } from '../shell/detail-page.tsx'
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
  return (
    <DetailPage
      list={{ href: deadLettersAddress(), title: texts.title }}
      heading={model.deadLetter.value === undefined && <PageHead title={texts.deadLetter(id)} />}
      model={model}
      unknown={{ title: texts.unknown(id), hint: texts.unknownHint }}
      lines={12}
    >
      {model.deadLetter.value !== undefined && <Content model={model} />}
    </DetailPage>
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
