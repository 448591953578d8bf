import { pages } from '../pages.ts'
import { Dialog } from '../parts/dialog.tsx'
import { isHelpOpen } from '../platform/shortcuts.ts'
import { texts } from '../texts.ts'

/** The keys of the page. */
export function HelpDialog() {
  if (!isHelpOpen.value) return null
  const close = () => {
    isHelpOpen.value = false
  }
  const leads = pages.flatMap(page =>
    'navigation' in page ? [[`g ${page.navigation.key}`, texts.help.goTo(page.title)] as const] : [],
  )
  return (
    <Dialog title={texts.help.title} onClose={close}>
      <dl class="keys">
        {[...texts.help.keys, ...leads].map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map(key => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons">
        <button type="button" onClick={close}>
          {texts.close}
        </button>
      </div>
    </Dialog>
  )
}
