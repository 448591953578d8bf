import type { TargetedSubmitEvent } from 'preact'
import { useLocation } from 'preact-iso'
import { modules } from '../modules.ts'
import { Icon } from '../parts/icon.tsx'

const searches = modules.flatMap(({ search }) => search ?? [])
const join = (texts: readonly string[]) => texts.join(' · ')

/** The search field of every page. It opens what the first module finds; when none finds anything, the first module's answer. */
export function Search() {
  const location = useLocation()
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const field = event.currentTarget.querySelector('input')
    const openedFrom = window.location.href
    const answers: string[] = []
    for (const search of searches) {
      const { address, isFound } = await search.find(field?.value.trim() ?? '')
      if (isFound) answers.unshift(address)
      else answers.push(address)
      if (isFound) break
    }
    // Somebody who has opened another page meanwhile stays there.
    if (window.location.href !== openedFrom) return
    if (answers[0] !== undefined) location.route(answers[0])
    field?.blur()
  }
  return (
    <search>
      <form class="search" onSubmit={submit}>
        <Icon name="search" />
        <input
          type="search"
          name="q"
          data-search
          aria-label={join(searches.map(({ label }) => label))}
          placeholder={join(searches.map(({ placeholder }) => placeholder))}
          maxLength={300}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
        />
        <kbd>/</kbd>
      </form>
    </search>
  )
}
