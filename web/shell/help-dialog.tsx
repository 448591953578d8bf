import { modules } from '../modules.ts'
import { Dialog } from '../parts/dialog.tsx'
import { isHelpOpen } from '../platform/shortcuts.ts'
import { pages } from './pages.ts'
import { shellTexts } from './texts.ts'

/** Lists the keyboard shortcuts: those of every page, of single modules, and of the menu. */
export function HelpDialog() {
  if (!isHelpOpen.value) return null
  const close = () => {
    isHelpOpen.value = false
  }
  const own = modules.flatMap(module => module.keys ?? [])
  const leads = pages.flatMap(({ title, menu }) =>
    menu === undefined ? [] : [[`g ${menu.key}`, shellTexts.help.goTo(title)] as const],
  )
  return (
    <Dialog title={shellTexts.help.title} onClose={close}>
      <dl class="keys">
        {[...shellTexts.help.keys, ...own, ...leads].map(([keys, meaning]) => (
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
          {shellTexts.close}
        </button>
      </div>
    </Dialog>
  )
}
