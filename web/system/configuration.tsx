import type { Setting } from './system.ts'
import { texts } from './texts.ts'

/** Lists every variable as it is set, without secrets. */
export function Configuration({ settings }: { settings: readonly Setting[] }) {
  return (
    <section class="configuration" aria-labelledby="configuration-title">
      <div class="card-head">
        <h2 id="configuration-title">{texts.configuration}</h2>
        <p class="faint">{texts.configurationNote}</p>
      </div>
      <table class="rows settings">
        <thead>
          <tr>
            <th scope="col">{texts.variable}</th>
            <th scope="col">{texts.value}</th>
          </tr>
        </thead>
        <tbody>
          {settings.map(setting => (
            <tr key={setting.name}>
              <td class="code">{setting.name}</td>
              <td>
                <Value setting={setting} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Value({ setting: { value, is_default: isDefault, is_secret: isSecret } }: { setting: Setting }) {
  if (isSecret && !isDefault) return <span class="tag tone-active">{texts.secretSet}</span>
  if (value === null || value === '') return <span class="faint">{texts.notSet}</span>
  return (
    <>
      <code>{value}</code> {!isDefault && <span class="tag tone-active">{texts.changed}</span>}
    </>
  )
}
