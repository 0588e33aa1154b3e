/** Whether `year` is a leap year of the Gregorian calendar. */
export function isLeapYear(year) {
  if (year % 400 === 0) return true;
  return year % 4 === 0 || year % 100 !== 0;
}
