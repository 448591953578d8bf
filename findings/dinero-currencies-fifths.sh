#!/usr/bin/env bash
# ISO 4217 gives the ariary (MGA) and the ouguiya (MRU) two digits behind the point, as it gives the euro: a minor unit is a hundredth,
# although a fifth is the smallest coin. Dinero.js counts both in fifths: its base is 5 and its exponent 1.
#
# Expected of 12345 minor units of ISO 4217: 123.45. Seen: 2469. No payment provider counts in fifths either: Adyen takes hundredths, and
# Stripe whole ariary.
# The product has its own table of ISO 4217, and each provider its own conversion from it.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error dinero.js@2.0.2
cat >fifths.mjs <<'JS'
import { dinero, toUnits } from 'dinero.js'
import { EUR, MGA, MRU } from 'dinero.js/currencies'
const seen = [EUR, MGA, MRU].map(currency => {
  const [whole, rest] = toUnits(dinero({ amount: 12345, currency }))
  return `${currency.code} base ${currency.base} exponent ${currency.exponent}: 12345 are ${whole} and ${rest} minor units`
})
console.log(`dinero.js 2.0.2\n${seen.join('\n')}`)
process.exitCode = seen[1].includes('base 5') && seen[1].includes('are 2469') && seen[2].includes('base 5') ? 0 : 1
JS
node fifths.mjs || { echo 'this has changed'; exit 1; }
