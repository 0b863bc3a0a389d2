using Google.Protobuf.Reflection;

namespace SdsServer.Grpc.Reflection;

/// <summary>Walks over what a file declares and imports.</summary>
internal static class FileDescriptors
{
    /// <summary>All messages of the file, nested ones too.</summary>
    public static IEnumerable<MessageDescriptor> EnumerateMessages(this FileDescriptor file) => file.MessageTypes.SelectMany(WithNested);

    /// <summary>The file and everything it imports, each once, the file first.</summary>
    public static IEnumerable<FileDescriptor> WithImports(this FileDescriptor file)
    {
        List<FileDescriptor> files = [file];
        for (int i = 0; i < files.Count; i++)
        {
            files.AddRange(files[i].Dependencies.Except(files));
        }

        return files;
    }

    private static IEnumerable<MessageDescriptor> WithNested(MessageDescriptor message) =>
        message.NestedTypes.SelectMany(WithNested).Prepend(message);
}
