import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { Icon } from '../parts/icon.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Refusal } from '../platform/api.ts'
import { routes } from '../routes.ts'
import { PageHead } from '../shell/page.tsx'
import { letterTexts as words } from '../texts/dead-letters.ts'
import { texts } from '../texts.ts'
import { DealDialog } from './deal-dialog.tsx'
import { tones } from './letter.ts'
import { LetterFacts, LetterHistory } from './letter-facts.tsx'
import { LetterMessage } from './letter-message.tsx'
import { LetterModel } from './letter-model.ts'

/** One dead letter: the message with what is wrong marked in it, to be edited, replayed or discarded. */
export default function LetterPage() {
  const { id = '' } = useRoute().params
  const model = useMemo(() => new LetterModel(id), [id])
  useEffect(() => {
    scrollTo(0, 0)
    void model.load()
  }, [model])
  const failure = model.failure.value
  const isUnknown = failure instanceof Refusal && failure.status === 404
  return (
    <>
      <a class="back" href={routes.deadLetters}>
        <Icon name="left" />
        {texts.titles.deadLetters}
      </a>
      {model.letter.value === undefined && <PageHead title={words.letter(id)} />}
      {isUnknown && (
        <Empty title={words.unknown(id)}>
          <p>{words.unknownHint}</p>
        </Empty>
      )}
      {failure !== undefined && !isUnknown && <Failure error={failure} retry={() => void model.load()} />}
      {model.letter.value === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={12} />
        </div>
      )}
      {model.letter.value !== undefined && <Content model={model} />}
    </>
  )
}

function Content({ model }: { model: LetterModel }) {
  const asked = useSignal<'replay' | 'discard' | undefined>(undefined)
  const letter = model.letter.value
  if (letter === undefined) return null
  return (
    <>
      <PageHead title={words.letter(letter.id)}>
        {letter.state === 'open' && (
          <>
            <button type="button" class="danger-quiet" onClick={() => (asked.value = 'discard')}>
              {words.discard}
            </button>
            <button type="button" onClick={() => (asked.value = 'replay')}>
              {model.isEdited.value ? words.replayEdited : words.replay}
            </button>
          </>
        )}
      </PageHead>
      <div class="summary-line">
        <span class={`tag tone-${tones[letter.state]}`}>{words.states[letter.state]}</span>
        <span class="code">{letter.code}</span>
        <span>{letter.detail}</span>
      </div>
      <div class="beside">
        <LetterMessage model={model} letter={letter} />
        <div class="stack">
          <LetterFacts letter={letter} />
          <LetterHistory letter={letter} />
        </div>
      </div>
      {asked.value !== undefined && (
        <DealDialog kind={asked.value} model={model} close={() => (asked.value = undefined)} />
      )}
    </>
  )
}
