using System.Collections.Immutable;
using System.Text.Json;
using SdsServer.Core.Access;

namespace SdsServer.Identity.Registrations;

/// <summary>A file of registrations: a JSON list.</summary>
internal static class RegistrationDocument
{
    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <param name="json">The file's text.</param>
    /// <param name="check">What is wrong with one.</param>
    /// <exception cref="InvalidDataException">Something is wrong; says all of it, and where.</exception>
    public static ImmutableArray<Registration> Parse(string json, Func<Registration, ImmutableArray<RegistrationFault>> check)
    {
        List<string> errors = [];
        ImmutableArray<Registration>.Builder registrations = ImmutableArray.CreateBuilder<Registration>();
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, s_options);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                throw new InvalidDataException("it is no JSON list of registrations: [ { \"id\": ... } ]");
            }

            int index = 0;
            foreach (JsonElement element in document.RootElement.EnumerateArray())
            {
                Read(element, index++, check, registrations, errors);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Half a surrogate pair is found only when the text is asked for.
            throw new InvalidDataException($"it is no JSON: {error.Message}", error);
        }

        foreach (IGrouping<string, Registration> same in registrations.GroupBy(registration => registration.Id, StringComparer.Ordinal).Where(same => same.Count() > 1))
        {
            errors.Add($"there are {same.Count()} registrations '{same.Key}'; rename all but one");
        }

        return errors.Count == 0 ? registrations.ToImmutable() : throw new InvalidDataException(string.Join("; ", errors));
    }

    private static void Read(
        JsonElement element, int index, Func<Registration, ImmutableArray<RegistrationFault>> check, ImmutableArray<Registration>.Builder registrations, List<string> errors)
    {
        try
        {
            Registration registration = (element.Deserialize(RegistrationJson.Default.RegistrationEntry) ?? throw new JsonException("it is null")).ToRegistration();
            string where = registration.Id.Length > 0 ? $"'{registration.Id}'" : $"[{index}]";
            errors.AddRange(check(registration).Select(fault => $"{where}: {JsonNamingPolicy.CamelCase.ConvertName(Pascal(fault.Field))}: {fault.Problem}"));
            registrations.Add(registration);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            errors.Add($"[{index}]: {error.Message}");
        }
    }

    private static string Pascal(string snake) => string.Concat(snake.Split('_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
}
