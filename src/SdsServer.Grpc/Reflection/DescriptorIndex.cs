using Google.Protobuf.Reflection;

namespace SdsServer.Grpc.Reflection;

/// <summary>The files behind some services, found by file name, by the name of anything declared in them, and by extension number.</summary>
internal sealed class DescriptorIndex
{
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<int, FileDescriptor>> _extensions = new(StringComparer.Ordinal);

    public DescriptorIndex(IEnumerable<ServiceDescriptor> services)
    {
        foreach (ServiceDescriptor service in services)
        {
            Add(service.File);
        }
    }

    public FileDescriptor? File(string name) => _files.GetValueOrDefault(name);

    public FileDescriptor? Symbol(string fullName) => _symbols.GetValueOrDefault(fullName);

    public FileDescriptor? Extension(string extendedType, int number) =>
        _extensions.TryGetValue(extendedType, out SortedDictionary<int, FileDescriptor>? numbers) ? numbers.GetValueOrDefault(number) : null;

    /// <summary>Null when there is no such message type.</summary>
    public IEnumerable<int>? ExtensionNumbers(string extendedType)
    {
        if (_extensions.TryGetValue(extendedType, out SortedDictionary<int, FileDescriptor>? numbers))
        {
            return numbers.Keys;
        }

        return Symbol(extendedType)?.EnumerateMessages().Any(message => message.FullName == extendedType) == true ? [] : null;
    }

    private void Add(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file))
        {
            return;
        }

        foreach (FileDescriptor dependency in file.Dependencies)
        {
            Add(dependency);
        }

        foreach (ServiceDescriptor service in file.Services)
        {
            Declare(service);
            service.Methods.ToList().ForEach(Declare);
        }

        foreach (MessageDescriptor message in file.EnumerateMessages())
        {
            Declare(message);
            message.Fields.InDeclarationOrder().ToList().ForEach(Declare);
            message.Oneofs.ToList().ForEach(Declare);
            message.EnumTypes.ToList().ForEach(DeclareEnum);
            message.Extensions?.UnorderedExtensions.ToList().ForEach(DeclareExtension);
        }

        file.EnumTypes.ToList().ForEach(DeclareEnum);
        file.Extensions.UnorderedExtensions.ToList().ForEach(DeclareExtension);
    }

    private void Declare(IDescriptor descriptor) => _symbols.TryAdd(descriptor.FullName, descriptor.File);

    private void DeclareEnum(EnumDescriptor type)
    {
        Declare(type);
        type.Values.ToList().ForEach(Declare);
    }

    private void DeclareExtension(FieldDescriptor extension)
    {
        Declare(extension);
        string extended = extension.ExtendeeType.FullName;
        if (!_extensions.TryGetValue(extended, out SortedDictionary<int, FileDescriptor>? numbers))
        {
            _extensions.Add(extended, numbers = []);
        }

        numbers.TryAdd(extension.FieldNumber, extension.File);
    }
}
