import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { ErrorBoundary, Route, Router, useLocation } from 'preact-iso'
import { Icon } from '../parts/icon.tsx'
import { base } from '../platform/address.ts'
import { apiKey, forgetKey } from '../platform/key.ts'
import { isHelpOpen, listenToKeys } from '../platform/shortcuts.ts'
import { attempt, Banner, LiveMark } from './connection.tsx'
import { HelpDialog } from './help-dialog.tsx'
import { KeyDialog } from './key-dialog.tsx'
import { NotFound } from './not-found.tsx'
import { Notices } from './notices.tsx'
import { home, pages } from './pages.ts'
import { Search } from './search.tsx'
import { shellTexts } from './texts.ts'
import { switchTheme, theme } from './theme.ts'

/** What stands around every page, and the page that the address names. */
export function Shell() {
  const { path, route } = useLocation()
  // With the first paint: what is seen can be used.
  useLayoutEffect(
    () =>
      listenToKeys(key => {
        const page = pages.find(entry => entry.menu?.key === key)
        if (page !== undefined) route(page.path)
      }),
    [route],
  )
  return (
    <>
      <a class="skip" href="#main">
        {shellTexts.skip}
      </a>
      <header class="top">
        <a class="brand" href={home}>
          <Logo />
          {shellTexts.brand}
        </a>
        <Search />
        <div class="tools">
          <LiveMark />
          <Tools />
        </div>
      </header>
      <Navigation path={path} />
      <main id="main" tabIndex={-1}>
        <Banner />
        <ErrorBoundary>
          <Router key={attempt.value}>
            {pages.map(page => (
              <Route key={page.path} path={page.path} component={page.component} />
            ))}
            <Route default component={NotFound} />
          </Router>
        </ErrorBoundary>
      </main>
      <Notices />
      <KeyDialog />
      <HelpDialog />
    </>
  )
}

function Navigation({ path }: { path: string }) {
  const open =
    pages.find(page => page.path === path || page.path === `${path}/`) ??
    pages.find(page => page.parent !== undefined && fits(path, page.path))
  const marked = open?.parent ?? open?.path
  const menu = useRef<HTMLElement>(null)
  useEffect(() => {
    // On a phone the menu is wider than the window, in a low window higher.
    const link = menu.current?.querySelector<HTMLElement>(`a[href="${marked}"]`)
    menu.current?.scrollTo({ left: (link?.offsetLeft ?? 0) - 64, top: (link?.offsetTop ?? 0) - 64 })
  }, [marked])
  return (
    <nav class="menu" aria-label={shellTexts.menu} ref={menu}>
      {pages.map(
        page =>
          page.menu !== undefined && (
            <a key={page.path} href={page.path} aria-current={page.path === marked ? 'page' : undefined}>
              <Icon path={page.menu.icon} />
              {page.title}
            </a>
          ),
      )}
      <a href={`${base}/api/docs`} target="_top" class="outside">
        <Icon name="book" />
        {shellTexts.apiDocs}
      </a>
    </nav>
  )
}

/** Whether an address is one of a route with a parameter at its end. */
function fits(path: string, route: string): boolean {
  return path.startsWith(route.slice(0, route.indexOf(':')))
}

function Tools() {
  return (
    <>
      {apiKey.value !== undefined && (
        <button
          type="button"
          class="quiet tool"
          onClick={forgetKey}
          aria-label={shellTexts.key.forget}
          title={shellTexts.key.forget}
        >
          <Icon name="key" />
        </button>
      )}
      <button
        type="button"
        class="quiet tool"
        onClick={switchTheme}
        aria-label={shellTexts.theme}
        title={shellTexts.theme}
      >
        <Icon name={theme.value === 'dark' ? 'light' : 'dark'} />
      </button>
      <button
        type="button"
        class="quiet tool wide"
        onClick={() => {
          isHelpOpen.value = true
        }}
        aria-label={shellTexts.help.title}
        title={shellTexts.help.title}
      >
        <Icon name="help" />
      </button>
    </>
  )
}

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 10h2l3 11h9l3-8H12" />
      <circle cx="14" cy="25" r="1.8" />
      <circle cx="21" cy="25" r="1.8" />
    </svg>
  )
}
