/** Months and days of the week, to one name each. */
import { groups, words } from './list.ts'

const MONTHS = words(`
  january=jan=enero=ene february=feb=febrero march=mar_=marzo april=apr=abril=abr may=mayo june=jun=junio july=jul=julio
  august=aug=agosto=ago_ september=sep=sept=septiembre=setiembre october=oct=octubre november=nov=noviembre
  december=dec=diciembre=dic
`)

export const MONTH_NUMBERS: ReadonlyMap<string, number> = new Map(
  MONTHS.flatMap((group, index) => group.split('=').map(name => [name, index + 1] as const)),
)

export const WEEKDAYS = groups(`
  monday=mon=lunes tuesday=tue=tues=martes wednesday=wed=miercoles thursday=thu=thurs=jueves friday=fri=viernes
  saturday=sat=sabado sunday=sun_=domingo
`)
