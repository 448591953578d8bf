import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { Refusal } from '../platform/api.ts'
import { eventTypes } from '../platform/event-types.ts'
import { texts } from './texts.ts'
import { patternsOf, type Webhook } from './webhook.ts'

const urlCharactersMax = 2_000
const descriptionCharactersMax = 200

export type WebhookFields = { url: string; description: string; event_types: string[] }

type Props = {
  /** The webhook to edit; undefined for a new one. */
  webhook?: Webhook
  save: (fields: WebhookFields) => Promise<void>
  close: () => void
}

/** Asks for the URL, the description and the event types of a webhook. */
export function WebhookForm({ webhook, save, close }: Props) {
  const chosen = useSignal<readonly string[]>(webhook?.event_types ?? ['*'])
  const submit = async (form: FormData) => {
    if (chosen.value.length === 0) throw new Refusal(0, { title: texts.noEvents })
    await save({ url: textOf(form, 'url'), description: textOf(form, 'description'), event_types: [...chosen.value] })
  }
  return (
    <FormDialog
      title={webhook === undefined ? texts.createTitle : texts.editTitle}
      submit={webhook === undefined ? texts.createButton : texts.editButton}
      onSubmit={submit}
      onClose={close}
    >
      <label class="field">
        {texts.url}
        <input
          name="url"
          type="url"
          required
          maxLength={urlCharactersMax}
          placeholder={texts.urlHint}
          defaultValue={webhook?.url ?? ''}
          autocomplete="off"
        />
      </label>
      <label class="field">
        {texts.description}
        <input name="description" maxLength={descriptionCharactersMax} defaultValue={webhook?.description ?? ''} />
      </label>
      <EventChoice
        chosen={chosen.value}
        choose={patterns => {
          chosen.value = patterns
        }}
      />
    </FormDialog>
  )
}

function EventChoice({ chosen, choose }: { chosen: readonly string[]; choose: (patterns: readonly string[]) => void }) {
  const types = useSignal<readonly string[]>([])
  useEffect(() => {
    void eventTypes().then(known => {
      types.value = known
    })
  }, [types])
  const isAll = chosen.includes('*')
  const toggle = (pattern: string) =>
    choose(chosen.includes(pattern) ? chosen.filter(other => other !== pattern) : [...chosen, pattern])
  const chip = (pattern: string, label: string, isDisabled: boolean) => (
    <label key={pattern} class="chip">
      <input
        type="checkbox"
        checked={chosen.includes(pattern)}
        disabled={isDisabled}
        onChange={() => (pattern === '*' ? choose(isAll ? [] : ['*']) : toggle(pattern))}
      />
      <span>{label}</span>
    </label>
  )
  return (
    <fieldset class="stack">
      <legend class="field">{texts.events}</legend>
      <div class="chips">{chip('*', texts.everything, false)}</div>
      {!isAll &&
        patternsOf(types.value).map(({ family, types: ofFamily }) => (
          <div key={family} class="chips">
            {chip(family, family, false)}
            {ofFamily.map(type => chip(type, type, chosen.includes(family)))}
          </div>
        ))}
    </fieldset>
  )
}
