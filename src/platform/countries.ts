/**
 * The countries of ISO 3166-1 by their alpha-2 codes: the 249 that are officially assigned, as of November 2026. The page uses this
 * file too.
 *
 * The list is that of PyPI `pycountry` 26.2.16 (Debian's iso-codes); npm `i18n-iso-countries` 7.14.0 has the same and XK, which the
 * standard leaves to users. `Intl.DisplayNames` is no source: it names 31 more, such as EU, UK, XK, SU and ZZ.
 */
const codes = `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
  CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL
  GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
  LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM
  PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
  TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`

/** Every code, in alphabetical order. */
export const countries: ReadonlySet<string> = new Set(codes.split(/\s+/))

/** The form of a code. */
export const countryForm = /^[A-Z]{2}$/

/** Whether a text is the alpha-2 code of a country. */
export function isCountry(code: string): boolean {
  return countries.has(code)
}
