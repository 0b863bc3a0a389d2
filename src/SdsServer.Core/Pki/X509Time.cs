using System.Formats.Asn1;

namespace SdsServer.Core.Pki;

/// <summary>Dates as RFC 5280 4.1.2.5 has them: whole seconds of UTC, UTCTime through 2049, GeneralizedTime from 2050.</summary>
internal static class X509Time
{
    public static DateTimeOffset Read(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime(twoDigitYearMax: 2049) : reader.ReadGeneralizedTime();

    public static void Write(AsnWriter writer, DateTimeOffset time)
    {
        if (time.Year < 2050)
        {
            writer.WriteUtcTime(time, twoDigitYearMax: 2049);
        }
        else
        {
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
        }
    }

    public static DateTimeOffset WholeSeconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
}
