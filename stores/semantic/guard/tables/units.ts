/** Units as they are written behind a number, and currencies, which may stand before it. Case counts for symbols alone. */
import { groups } from './list.ts'

export const UNIT_NAMES = groups(`
  km=kms=kilometer=kilometers=kilometre=kilometres=kilometro=kilometros m=meter=meters=metre=metres=metro=metros
  cm=centimeter=centimeters=centimetre=centimetres=centimetro=centimetros mm=millimeter=millimeters=milimetro=milimetros
  mile=miles=mi=milla=millas foot=feet=ft=pie=pies inch=inches=pulgada=pulgadas yard=yards=yd=yarda=yardas
  kg=kgs=kilo=kilos=kilogram=kilograms=kilogramo=kilogramos g=gr=gram=grams=gramo=gramos mg=milligram=milligrams=miligramo=miligramos
  lb=lbs=pound=pounds=libra=libras oz=ounce=ounces=onza=onzas ton=tons=tonne=tonnes=tonelada=toneladas
  l=liter=liters=litre=litres=litro=litros ml=milliliter=milliliters=mililitro=mililitros gallon=gallons=gal=galon=galones
  cup=cups=taza=tazas second=seconds=sec=secs=s=segundo=segundos minute=minutes=min=mins=minuto=minutos
  hour=hours=hr=hrs=h=hora=horas day=days=dia=dias week=weeks=semana=semanas month=months=mes=meses year=years=yr=yrs=ano=año=años
  ms=millisecond=milliseconds=milisegundo=milisegundos percent=%=per_cent=por_ciento pm=p.m=p.m. am=a.m=a.m.
  kb=kilobyte=kilobytes mb=megabyte=megabytes gb=gigabyte=gigabytes=gigas tb=terabyte=terabytes
  celsius=°c=centigrade=centigrados fahrenheit=°f degree=degrees=°=grado=grados
  usd=$=dollar=dollars=dolar=dolares=us$ eur=€=euro=euros gbp=£=quid yen=¥=jpy peso=pesos
  km/h=kph=kmh mph=miles_per_hour w=watt=watts=vatio=vatios kw=kilowatt=kilowatts kwh v=volt=volts=voltio=voltios
`)

/** Same letters, another unit: Mb is not MB, and mW is not MW. */
export const CASED_UNITS = new Map([
  ['Mb', 'megabit'],
  ['Gb', 'gigabit'],
  ['Kb', 'kilobit'],
  ['kb', 'kilobit'],
  ['MW', 'megawatt'],
  ['mW', 'milliwatt'],
  ['M', 'million'],
  ['K', 'kelvin-or-thousand'],
  ['k', 'thousand'],
])

export const CURRENCIES: ReadonlySet<string> = new Set(['$', '€', '£', '¥'])

/** Words that are a unit only at the end: `5 in` is a length, `5 in total` is not. */
export const LATE_UNITS: ReadonlyMap<string, string> = new Map([['in', 'inch']])
