/** What is said around every page. */
export const shellTexts = {
  brand: 'Orders',
  menu: 'Pages',
  skip: 'Skip to content',
  apiDocs: 'API',
  theme: 'Switch between light and dark',
  cancel: 'Cancel',
  close: 'Close',
  dismiss: 'Dismiss',
  live: {
    connecting: 'Connecting …',
    live: 'Live',
    interrupted: 'Reconnecting …',
    banner: 'Connection lost. Reconnecting … The data shown may be out of date.',
  },
  notFound: { title: 'Page not found', text: 'There is no page at this address.', link: 'Go to the overview' },
  key: {
    title: 'Enter an API key',
    explanation:
      'Viewing orders needs the scope orders:read, changing them orders:write, moving money and the ledger payments:write; dead letters, webhooks, keys and the system need admin. The key stays in this tab and is forgotten when you close it.',
    label: 'API key',
    submit: 'Continue',
    forget: 'Forget the API key',
    declined: 'An API key is needed to show data.',
    enter: 'Enter a key',
  },
  help: {
    title: 'Keyboard shortcuts',
    keys: [
      ['/', 'Search'],
      ['j', 'Next row of a list'],
      ['k', 'Previous row of a list'],
      ['Enter', 'Open the selected row'],
      ['Esc', 'Close a dialog, or leave a field'],
      ['?', 'Show this list'],
    ] as const,
    goTo: (page: string) => `Go to ${page}`,
  },
} as const
