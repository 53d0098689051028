/**
 * Time zones by the abbreviations that Go's `MST` writes into names, in hours from UTC. Only those that stand for one zone: CST
 * is of Chicago, Shanghai and Havana, IST of Delhi, Dublin and Jerusalem, BST of London and Dhaka, PST of Los Angeles and Manila
 * (the names of the IANA time zone database).
 */
const hours: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'UTC 0 GMT 0 Z 0 WET 0 WEST 1 CET 1 CEST 2 EET 2 EEST 3 MSK 3 SAST 2 EAT 3 CAT 2 WAT 1 PKT 5 WIB 7 WITA 8 HKT 8 AWST 8 WIT 9 ' +
    'KST 9 JST 9 ACST 9.5 ACDT 10.5 AEST 10 AEDT 11 NZST 12 NZDT 13 EST -5 EDT -4 MST -7 MDT -6 PDT -7 AKST -9 AKDT -8 HST -10'
  )
    .match(/\S+ \S+/g)
    ?.map((pair) => pair.split(' '))
    .map(([name, offset]) => [name, Number(offset)]) ?? []
);

/** Minutes from UTC of `Z`, `+08:00`, `-03` or an abbreviation; undefined for one that is not known, or is of several zones. */
export function zoneOffset(zone: string): number | undefined {
  const [, sign, hour, minute = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (sign) {
    return (sign === '-' ? -1 : 1) * (Number(hour) * 60 + Number(minute));
  }
  return Object.hasOwn(hours, zone) ? hours[zone] * 60 : undefined;
}
